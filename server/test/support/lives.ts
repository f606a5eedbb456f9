import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServer, type TestServerOptions, testServer } from './server.ts';

/** A directory in which one server lives after the other. */
export class Lives implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanwire-lives-'));
  readonly #options: TestServerOptions;

  constructor(options: TestServerOptions = {}) {
    this.#options = options;
  }

  /** Starts a server, and ends it when `run` has. */
  async one<T>(run: (fw: TestServer) => Promise<T>): Promise<T> {
    await using fw = await testServer({ ...this.#options, directory: this.#directory });
    return await run(fw);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
