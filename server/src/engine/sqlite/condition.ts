import { FanwireError, Notice } from '../../errors.ts';
import type { EngineHealth } from '../engine.ts';
import { isDiskFull } from './hindrance.ts';

/** Milliseconds between two lines about the same trouble: a log must not fill the disk that is full already. */
const lineInterval = 60_000;

/** What keeps the file from being written: for the operator's log, and for anyone who asks whether we are ready. */
interface Trouble {
  readonly detail: string;
  readonly told: string;
}

/** Whether the file can be written. Trouble is told to the operator at once, then once a minute, and when it is over. */
export class Condition {
  readonly #path: string;
  readonly #report: (notice: Notice) => void;
  #trouble: Trouble | null = null;
  #lastLine = Number.NEGATIVE_INFINITY;
  /** The trouble that there is has been told, and so will be its end. */
  #isTold = false;

  constructor(path: string, report: (notice: Notice) => void) {
    this.#path = path;
    this.#report = report;
  }

  /** Another program has held the file for longer than anything waits for it. */
  locked(): void {
    this.#is({
      detail:
        `another program holds a lock on ${this.#path}: nothing can be stored, and publishers are told so, until it lets go. ` +
        `Close the database browser, the shell or the backup that has a transaction open in it; \`fuser ${this.#path}\` names its process.`,
      told: 'another program holds a lock on the database; close the browser, the shell or the backup that has a transaction open in it',
    });
  }

  /** SQLite could not write. */
  failed(thrown: unknown): void {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#is(
      isDiskFull(thrown)
        ? {
            detail: `there is no room for ${this.#path} (${message}): nothing can be stored, and publishers are told so. Free space on its disk, or move it to a larger one.`,
            told: 'the disk with the database is full; free space on it',
          }
        : {
            detail: `${this.#path} cannot be written (${message}): nothing can be stored, and publishers are told so. Check its disk.`,
            told: 'the database cannot be written; the reason is in the log',
          },
    );
  }

  /** What was to be stored is stored. */
  succeeded(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    if (this.#isTold) this.#report(new Notice('info', `${this.#path} can be written again`));
    this.#isTold = false;
  }

  get health(): EngineHealth {
    return this.#trouble === null ? { ok: true } : { ok: false, ...this.#trouble };
  }

  /** For whoever wanted something stored. */
  unavailable(): FanwireError {
    return new FanwireError(
      'unavailable',
      'it could not be stored; nothing was changed or delivered, try again',
    );
  }

  #is(trouble: Trouble): void {
    this.#trouble = trouble;
    const now = performance.now();
    if (now - this.#lastLine < lineInterval) return;
    this.#lastLine = now;
    this.#isTold = true;
    this.#report(new Notice('error', trouble.detail));
  }
}
