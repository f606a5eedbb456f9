import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Opens the file as another program does, says so, and lets go when its input ends. */
const program = (sql: string): string => `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1], { timeout: 5000 });
  database.exec(${JSON.stringify(sql)});
  process.stdout.write('held');
  process.stdin.resume().on('end', () => database.close());
`;

/** Another program's lock on a SQLite file. */
export class ForeignLock implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(path: string, sql: string) {
    this.#child = spawn(process.execPath, ['--no-warnings', '-e', program(sql), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'close');
  }

  /** Resolves when it is held. Writers are locked out by default. */
  static async take(path: string, sql = 'BEGIN IMMEDIATE'): Promise<ForeignLock> {
    const lock = new ForeignLock(path, sql);
    if (lock.#child.stdout) await once(lock.#child.stdout, 'data');
    return lock;
  }

  /** Resolves when it is not held any more. Idempotent. */
  async release(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
