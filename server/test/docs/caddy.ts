import { writeFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { Directory } from '../support/server-process.ts';
import { page } from './installation.ts';
import { freePort } from './nginx.ts';
import { Running } from './shell.ts';

/** A real Caddy with the configuration of the page, but for its name, without TLS, and the address of the upstream. */
export class Caddy implements AsyncDisposable {
  readonly url: string;
  readonly #directory = new Directory();
  readonly #running: Running;

  private constructor(port: number, configuration: string) {
    this.url = `http://127.0.0.1:${port}`;
    const file = this.#directory.join('Caddyfile');
    const site = configuration.replace('fan.example.com {', `${this.url} {`);
    writeFileSync(file, `{\n\tadmin off\n}\n${site}`);
    const home = { XDG_DATA_HOME: this.#directory.path, XDG_CONFIG_HOME: this.#directory.path };
    this.#running = new Running('caddy', ['run', '--adapter', 'caddyfile', '--config', file], {
      cwd: this.#directory.path,
      env: { PATH: process.env.PATH, ...home },
    });
  }

  /** In front of this address, whether anybody is there or not. */
  static async start(upstream: string, change = (text: string): string => text): Promise<Caddy> {
    const text = change(page.file('Caddyfile')).replace('127.0.0.1:8000', new URL(upstream).host);
    const caddy = new Caddy(await freePort(), text);
    const answers = async (): Promise<boolean> =>
      (await fetch(`${caddy.url}/metrics`).catch(() => null))?.status === 404;
    await eventually(answers, 'Caddy answers');
    return caddy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.signal('SIGKILL');
    await this.#running.ended;
    this.#directory[Symbol.dispose]();
  }
}
