import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { root } from '../docs/document.ts';
import { Directory } from '../support/server-process.ts';
import { output } from './npm.ts';

/** What of a clone the package is made from. */
const parts = [
  ...['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'scripts'],
  ...['server/package.json', 'server/tsconfig.build.json', 'server/bin', 'server/src'],
];

/** Of packages that the project installs besides, the versions that the clone has. */
const others = ['express', 'fastify', 'ws', '@types/node'];

/**
 * A project that has installed the package `fanwire` from its tarball. That is built and packed in a copy of the clone,
 * so that nothing appears in the tree under test.
 */
export class Project implements Disposable {
  readonly #directory = new Directory();
  readonly clone = this.#directory.join('clone');
  readonly path = this.#directory.join('project');
  /** Where npm put the package. */
  readonly installed = join(this.path, 'node_modules/fanwire');
  readonly command = join(this.path, 'node_modules/.bin/fanwire');

  constructor() {
    try {
      this.#install(this.#pack());
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  /** The files of the package, and what each holds. */
  files(): Map<string, string> {
    const entries = readdirSync(this.installed, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    return new Map(paths.map((path) => [relative(this.installed, path), readFileSync(path, 'utf8')]));
  }

  /** Takes a file or folder of the clone into the project, under its own name. */
  take(path: string): void {
    cpSync(join(root, path), join(this.path, basename(path)), { recursive: true });
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** Runs a program in the project to its end; see `output`. */
  output(command: string, ...args: readonly string[]): string {
    return output(this.path, command, ...args);
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }

  /** Returns the path of the tarball. */
  #pack(): string {
    mkdirSync(join(this.clone, 'server'), { recursive: true });
    for (const part of parts) cpSync(join(root, part), join(this.clone, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.clone, 'node_modules'));
    output(this.clone, 'npm', 'pack', '--workspace', 'server', '--loglevel=error');
    const [tarball = ''] = globSync('*.tgz', { cwd: this.clone });
    return join(this.clone, tarball);
  }

  #install(tarball: string): void {
    mkdirSync(this.path);
    this.write('package.json', JSON.stringify({ private: true, type: 'module' }));
    const packages = others.map((name) => `${name}@${versionOf(name)}`);
    const quickly = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    this.output('npm', 'install', ...quickly, tarball, ...packages);
  }
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return String(version);
}
