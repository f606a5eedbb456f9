import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Directory } from '../support/server-process.ts';
import { root } from './document.ts';
import { prints, Running } from './shell.ts';

/** Prints the port of every server that listens, whoever made it. */
const tellsPorts = `
import { subscribe } from 'node:diagnostics_channel';
subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  process._rawDebug(\`on port \${server.address().port}.\`);
});
`;

/** A folder of a program in which the packages of the workspace are installed, and `fanwire` from its sources. */
export class Workshop implements AsyncDisposable {
  readonly directory = new Directory();
  readonly #running: Running[] = [];
  #url = 'http://127.0.0.1:8000';

  constructor() {
    symlinkSync(join(root, 'node_modules'), this.directory.join('node_modules'));
    const config = {
      extends: join(root, 'tsconfig.json'),
      // What an example makes is for the lines that its reader writes behind it.
      compilerOptions: { noUnusedLocals: false },
      include: ['*.mts'],
    };
    this.write('tsconfig.json', JSON.stringify(config));
    this.write('ports.mjs', tellsPorts);
  }

  /** Where the server that was started last listens. */
  get url(): string {
    return this.#url;
  }

  write(name: string, text: string): void {
    writeFileSync(this.directory.join(name), text);
  }

  /** Checks every `.mts` file by the rules of the workspace. Resolves to what is wrong, '' when nothing is. */
  async typeErrors(): Promise<string> {
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { path } = this.directory;
    return promisify(execFile)(tsc, ['-p', path], { cwd: path, env: this.#env }).then(
      () => '',
      ({ stdout, stderr, message }) => `${stdout}${stderr}` || String(message),
    );
  }

  /** A program of which nothing listens, or a client of the server that was started last. */
  program(name: string, code: string): Running {
    this.write(name, this.#here(code));
    return this.#run(process.execPath, [name], code);
  }

  /** A program that serves; what it would do on port 8000 it does on a free one. Resolves once it is at its end. */
  async server(name: string, code: string): Promise<Running> {
    const here = code.replaceAll('8000', '0').replaceAll('.listen()', '.listen(0)');
    this.write(name, `${here}\nconsole.error('at its end');\n`);
    const running = this.#run(process.execPath, ['--import', './ports.mjs', name], code);
    await prints(running.printed, ['at its end']);
    await prints(running.printed, ['on port ', '.']);
    const [, port = ''] = /on port (\d+)/.exec(running.output) ?? [];
    this.#url = `http://127.0.0.1:${port}`;
    return running;
  }

  shell(code: string): Running {
    return this.#run('sh', ['-euc', this.#here(code)], code);
  }

  get #env(): Record<string, string> {
    return {
      PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      HOME: this.directory.path,
      NODE_OPTIONS: '--conditions=fanwire-source',
    };
  }

  #here(code: string): string {
    return code.replaceAll('127.0.0.1:8000', new URL(this.#url).host);
  }

  #run(command: string, args: readonly string[], code: string): Running {
    const running = new Running(command, args, { cwd: this.directory.path, env: this.#env, name: code });
    this.#running.push(running);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) running.signal('SIGKILL');
    await Promise.all(this.#running.map(({ ended }) => ended));
    this.directory[Symbol.dispose]();
  }
}
