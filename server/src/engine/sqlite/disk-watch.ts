import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../clock.ts';
import { Notice } from '../../errors.ts';

/** Milliseconds between two looks, and between two lines about the same. */
const interval = 30_000;
const lineInterval = 600_000;

export interface DiskWatchOptions {
  readonly path: string;
  /** Bytes: with less left on the disk the operator is warned. */
  readonly least: number;
  readonly clock: Clock;
  readonly report: (thrown: unknown) => void;
}

/** Warns before the disk of the file is full. Nothing waits for its looks. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #stop: () => void;
  #warnedAt: number | null = null;
  #closed = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#stop = options.clock.every(interval, () => void this.#look());
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  async #look(): Promise<void> {
    const { path, report } = this.#options;
    try {
      const { bavail, bsize } = await statfs(dirname(path));
      if (!this.#closed) this.#judge(bavail * bsize);
    } catch (thrown) {
      if (!this.#closed) report(thrown);
    }
  }

  #judge(free: number): void {
    const { path, least, clock, report } = this.#options;
    const now = clock.monotonic();
    if (free >= least) {
      if (this.#warnedAt !== null)
        report(new Notice('info', `the disk of ${path} has room again: ${mebibytes(free)} free`));
      this.#warnedAt = null;
      return;
    }
    if (this.#warnedAt !== null && now - this.#warnedAt < lineInterval) return;
    this.#warnedAt = now;
    report(
      new Notice(
        'warn',
        `the disk of ${path} has only ${mebibytes(free)} left (the warning begins below ${mebibytes(least)}, DISK_FREE_WARNING). ` +
          'When it is full nothing can be stored: free space on it, move the file to a larger one, or keep less (HISTORY_TTL, MAX_DATABASE_BYTES).',
      ),
    );
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
