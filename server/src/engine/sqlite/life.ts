import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import type { Durability } from './file.ts';
import { readMeta, writeMeta } from './schema.ts';

/**
 * The epoch of a file: it survives the end of the process in any way. After the machine itself stopped under a server
 * that does not sync every commit, offsets that clients have seen may be given out again for other messages: then the
 * file begins a new epoch, so that nobody is told that a position was recovered when it was not.
 */
export class Life {
  readonly epoch: string;
  readonly #database: DatabaseSync;
  readonly #durability: Durability;

  constructor(database: DatabaseSync, durability: Durability, boot = bootId()) {
    this.#database = database;
    this.#durability = durability;
    const stored = readMeta(database, 'epoch');
    const lost = readMeta(database, 'unsynced_since_boot');
    const trusted = stored !== undefined && (lost === undefined || lost === '' || lost === boot);
    this.epoch = trusted ? stored : randomBytes(9).toString('base64url');
    this.#synced(() => {
      writeMeta(database, 'epoch', this.epoch);
      // Until a clean end this names the boot in which commits were not synced, if any.
      writeMeta(database, 'unsynced_since_boot', durability === 'process' ? boot : '');
    });
  }

  /** Everything is on the disk: whatever happens to the machine now, the epoch holds. */
  end(): void {
    this.#synced(() => writeMeta(this.#database, 'unsynced_since_boot', ''));
  }

  /** The mark must not be lost with the very commits that it is about. */
  #synced(write: () => void): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    write();
    this.#database.exec(`PRAGMA synchronous = ${this.#durability === 'disk' ? 'FULL' : 'NORMAL'}`);
  }
}

/** Differs after each start of the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Elsewhere: the minute in which the machine started.
    return String(Math.round((Date.now() / 1000 - uptime()) / 60));
  }
}
