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

/**
 * The lives of channels. A channel that is forgotten leaves nothing in the file, and must not come back with an epoch
 * that it had: so a channel that begins is given a number, and when the first one that has the newest number is
 * forgotten, the next number is the newest. A channel lives for CHANNEL_TTL at least, so that this is rare. Number 0 has
 * the epoch of the file as it is.
 */
export class Lives {
  readonly #database: DatabaseSync;
  readonly #epoch: string;
  #newest = 0;

  /** `epoch` is that of the file. */
  constructor(database: DatabaseSync, epoch: string) {
    this.#database = database;
    this.#epoch = epoch;
    this.reload();
  }

  /** The number of a channel that begins now. */
  get newest(): number {
    return this.#newest;
  }

  epochOf(life: number): string {
    return life === 0 ? this.#epoch : `${this.#epoch}-${life.toString(36)}`;
  }

  /** Within a transaction: a channel with this number is forgotten. */
  ended(life: number): void {
    if (life !== this.#newest) return;
    this.#newest++;
    writeMeta(this.#database, 'life', String(this.#newest));
  }

  /** What stands in the file; to be called after a rollback. */
  reload(): void {
    this.#newest = Number(readMeta(this.#database, 'life') ?? 0);
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
