import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import type { Durability } from './file.ts';
import { readMeta, writeMeta } from './schema.ts';
import type { Writer } from './writer.ts';

/** What tells one start of the machine, and one file, from another. */
export interface Circumstances {
  readonly boot: string;
  /** Of the file itself, whatever its name: a copy of it has another one. */
  readonly file: string;
}

/**
 * The epoch of a file: it survives the end of the process in any way. Offsets that clients have seen may be given out
 * again for other messages after the machine itself stopped under a server that does not sync every commit, and after
 * a backup was put in the file's place: then the file begins a new epoch, so that nobody is told that a position was
 * recovered when it was not.
 */
export class Life {
  readonly epoch: string;
  readonly #database: DatabaseSync;
  readonly #durability: Durability;

  constructor(database: DatabaseSync, durability: Durability, { boot, file }: Circumstances) {
    this.#database = database;
    this.#durability = durability;
    const stored = readMeta(database, 'epoch');
    const lost = readMeta(database, 'unsynced_since_boot');
    const known = readMeta(database, 'file');
    const synced = lost === undefined || lost === '' || lost === boot;
    const trusted = stored !== undefined && synced && (known === undefined || known === file);
    this.epoch = trusted ? stored : randomBytes(9).toString('base64url');
    this.#synced(() => {
      writeMeta(database, 'epoch', this.epoch);
      writeMeta(database, 'file', file);
      // Until a clean end this names the boot in which commits were not synced, if any.
      writeMeta(database, 'unsynced_since_boot', durability === 'process' ? boot : '');
    });
  }

  /** Everything is on the disk: whatever happens to the machine now, the epoch holds. */
  async end(writer: Pick<Writer, 'run'>): Promise<void> {
    this.#database.exec('PRAGMA synchronous = FULL');
    await writer.run(() => writeMeta(this.#database, 'unsynced_since_boot', ''));
  }

  /** The mark must not be lost with the very commits that it is about. */
  #synced(write: () => void): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    write();
    this.#database.exec(`PRAGMA synchronous = ${this.#durability === 'disk' ? 'FULL' : 'NORMAL'}`);
  }
}

/** Those of this moment. */
export function circumstances(path: string): Circumstances {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return { boot: bootId(), file: `${ino} ${birthtimeNs}` };
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
