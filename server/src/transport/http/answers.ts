import type { HttpSocket } from '../answered.ts';
import type { CutMeter } from './meter.ts';
import type { Visitor } from './visitor.ts';

export interface AnswerLimits {
  /** Bytes of answers that wait for those who do not read, of all together. */
  readonly unreadBytes: number;
  /** Milliseconds in which the kernel has to take something of an answer. */
  readonly sendTimeout: number;
}

/** How often it is looked at whether answers are taken, at most. */
const longestInterval = 1_000;
const looksPerTimeout = 4;

/** Node's own count of what the kernel has still to take of the write that is under way. */
type CountingSocket = HttpSocket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** What the kernel has still to take, which goes down while one write is under way. */
function leftOf({ _handle, writableLength }: CountingSocket): number {
  return _handle?.writeQueueSize ?? writableLength;
}

/** Bytes that are held. The stream counts a write until all of it is taken, but its texts by their characters. */
function heldBy(socket: HttpSocket): number {
  return socket.destroyed || socket.writableLength === 0
    ? 0
    : Math.max(socket.writableLength, leftOf(socket));
}

/** The answers that the kernel did not take at once, because the client does not read as fast. */
export class Answers {
  readonly #limits: AnswerLimits;
  readonly #meter: CutMeter;
  /** The one that has taken nothing for longest first. */
  readonly #slow = new Set<Visitor>();
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** Bytes that wait. */
  unreadBytes = 0;

  constructor(limits: AnswerLimits, meter: CutMeter) {
    this.#limits = limits;
    this.#meter = meter;
    this.interval = Math.min(longestInterval, Math.ceil(limits.sendTimeout / looksPerTimeout));
  }

  /** An answer has been written to the socket. */
  written(visitor: Visitor): void {
    if (visitor.socket.writableLength === 0 && visitor.unread === 0) return;
    this.#count(visitor);
    this.#relieve(visitor);
  }

  /** An answer was taken, or the connection is over. */
  taken(visitor: Visitor): void {
    if (visitor.unread > 0) this.#count(visitor);
  }

  /** To be called at each interval. Spans of time are counted by looks: a clock may be set, and a process paused. */
  look(): void {
    for (const visitor of [...this.#slow]) {
      if (visitor.socket.destroyed) this.taken(visitor);
      else if (this.#moves(visitor)) continue;
      else if (++visitor.still * this.interval >= this.#limits.sendTimeout) this.#cut(visitor, 'deadline');
    }
  }

  #count(visitor: Visitor): void {
    const held = heldBy(visitor.socket);
    this.unreadBytes += held - visitor.unread;
    visitor.unread = held;
    if (held === 0) this.#slow.delete(visitor);
    else if (!this.#slow.has(visitor)) {
      visitor.left = leftOf(visitor.socket);
      visitor.still = 0;
      this.#slow.add(visitor);
    }
  }

  /**
   * Whoever has taken nothing for longest goes; who has taken something since the last look comes once more at the end.
   * One answer alone may be larger than the limit.
   */
  #relieve(newest: Visitor): void {
    for (const visitor of this.#slow) {
      if (this.unreadBytes <= this.#limits.unreadBytes) return;
      if (visitor === newest) continue;
      if (visitor.socket.destroyed) this.taken(visitor);
      else if (!this.#moves(visitor)) this.#cut(visitor, 'unread');
    }
  }

  /** Whether something was taken since the last look; it is then the last to go. */
  #moves(visitor: Visitor): boolean {
    const left = leftOf(visitor.socket);
    if (left === visitor.left) return false;
    visitor.left = left;
    visitor.still = 0;
    this.#slow.delete(visitor);
    this.#slow.add(visitor);
    return true;
  }

  #cut(visitor: Visitor, reason: 'unread' | 'deadline'): void {
    this.#meter.cut(reason);
    visitor.socket.destroy();
    this.taken(visitor);
  }
}
