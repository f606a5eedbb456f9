import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FanwireError } from '../../errors.ts';
import type { EngineHealth } from '../engine.ts';
import type { Condition } from './condition.ts';
import type { Writer } from './writer.ts';

/** Milliseconds that a probe waits for another program: who asks whether we are ready wants to know soon. */
const patience = 250;
/** Most bytes of a probe. */
const mostBytes = 1024 * 1024;
/** Bytes above which a probe is not left in the file. */
const keptBytes = 1024;

/**
 * Whether messages can be stored: a probe is committed and read back. After a batch that could not be stored, a probe
 * is as large as that was, until a batch or a probe is: the last free page of a full disk would make us ready for
 * nothing.
 */
export class Probe {
  readonly #writer: Writer;
  readonly #condition: Condition;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  /** Bytes that could not be stored; 0 when all could. */
  #missed = 0;

  constructor(database: DatabaseSync, writer: Writer, condition: Condition) {
    this.#writer = writer;
    this.#condition = condition;
    this.#read = database.prepare("SELECT value FROM meta WHERE key = 'probe'");
    this.#write = database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', ?)");
  }

  /** A batch is stored. */
  stored(): void {
    this.#missed = 0;
    this.#condition.succeeded();
  }

  /** A batch could not be stored. */
  failed(bytes: number): void {
    this.#missed = Math.min(Math.max(this.#missed, bytes, 1), mostBytes);
  }

  /** Never rejects. */
  async run(): Promise<EngineHealth> {
    try {
      const text = randomBytes(6).toString('base64url').padEnd(this.#missed, '-');
      const returned = await this.#writer.run(() => this.#tried(text), { patience });
      // Within the same transaction nothing of it would have come to the disk.
      if (text.length > keptBytes) await this.#writer.run(() => this.#tried(''), { patience });
      if (returned !== text) return { ok: false, detail: 'the database did not return what was written' };
      this.stored();
      return { ok: true };
    } catch (thrown) {
      if (thrown instanceof FanwireError) return this.#condition.health;
      return { ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  #tried(text: string): unknown {
    this.#write.run(text);
    return this.#read.get()?.value;
  }
}
