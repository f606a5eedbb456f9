import type { CloseReason } from '../../codes.ts';
import type { Sleeper, Wheel } from '../wheel.ts';
import { FrameScanner } from './frame-scanner.ts';

/** The connection that sends the messages. */
interface Sending {
  readonly closed: boolean;
  silence(since?: number): number;
  close(reason: CloseReason): void;
}

export interface DeadlineParts {
  readonly wheel: Wheel;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds from a message's first byte to its last. */
  readonly timeout: number;
}

/**
 * Every message has one time to arrive in, from its first byte, however many fragments it has and pings come between
 * them: what has come of it is held here meanwhile, and whoever sends a byte now and then seems alive. Nothing is to be
 * done for a message that comes in one piece.
 */
export class MessageDeadline implements Sleeper {
  due = 0;
  slot = -1;
  index = 0;
  readonly #parts: DeadlineParts;
  readonly #sending: Sending;
  readonly #scanner = new FrameScanner();
  /** When the message began that is not finished, and how many had ended by then; null when there is none. */
  #begun: { readonly at: number; readonly behind: number } | null = null;

  constructor(sending: Sending, parts: DeadlineParts) {
    this.#sending = sending;
    this.#parts = parts;
  }

  /** Some bytes of the client. */
  took(chunk: Uint8Array): void {
    if (this.#sending.closed) return;
    const scanner = this.#scanner;
    scanner.scan(chunk);
    if (this.#begun === null ? !scanner.unfinished : this.#begun.behind === scanner.ended) return;
    if (this.#begun !== null) this.#parts.wheel.remove(this);
    this.#begun = scanner.unfinished ? { at: this.#parts.now(), behind: scanner.ended } : null;
    if (this.#begun !== null) this.#parts.wheel.add(this, this.#begun.at + this.#parts.timeout);
  }

  /** The connection is gone. */
  end(): void {
    this.#parts.wheel.remove(this);
    this.#begun = null;
  }

  wake(now: number): number {
    if (this.#begun === null || this.#sending.closed) return Number.POSITIVE_INFINITY;
    // What it sent may wait for us: that time is not its own.
    const left = this.#parts.timeout - this.#sending.silence(this.#begun.at);
    if (left > 0) return now + left;
    this.#sending.close('idle');
    return Number.POSITIVE_INFINITY;
  }
}
