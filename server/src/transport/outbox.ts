import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Backlog } from './backlog.ts';
import { Chain } from './chain.ts';

/** Limits of what may wait for one connection beyond what the kernel took. */
export interface BacklogLimits {
  readonly messages: number;
  readonly bytes: number;
  readonly clock: Clock;
  /** Knows the outboxes that are blocked. */
  readonly backlog?: Backlog;
}

/** What a reference costs besides its bytes, counted against the limit. */
const referenceBytes = 64;
const nothing = Buffer.alloc(0);

/**
 * The bytes waiting for one connection: references to buffers that many connections share. While the kernel takes
 * what is written nothing waits here; once it does not, references gather up to the limit, and `onOverflow` is
 * called, which is to close it.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #limits: BacklogLimits;
  readonly #onOverflow: () => void;
  #waiting: Chain | null = null;
  #closed = false;
  /** Set while a write has not been taken by the kernel: Unix milliseconds since when. */
  #blockedSince = 0;
  #waiters: (() => void)[] | null = null;

  constructor(socket: Socket, limits: BacklogLimits, onOverflow: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onOverflow = onOverflow;
  }

  get queuedMessages(): number {
    return this.#waiting?.messages ?? 0;
  }

  /** Bytes here and in the socket's own buffer. */
  get queuedBytes(): number {
    return (this.#waiting?.bytes ?? 0) + this.#socket.writableLength;
  }

  /** Unix milliseconds since which the kernel takes nothing more; 0 while it does. */
  get blockedSince(): number {
    return this.#blockedSince;
  }

  get empty(): boolean {
    return this.#waiting === null;
  }

  push(bytes: Buffer, messages: number): void {
    if (!this.#closed) this.#waiting = Chain.add(this.#waiting, bytes, messages);
  }

  /** One write of all that waits, unless the last one has not been taken yet. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting === null || this.#closed) return;
    Chain.forget();
    if (this.#socket.writableLength > 0) {
      this.#hold(waiting);
      return;
    }
    this.#waiting = null;
    const bytes = waiting.joined();
    if (bytes === null) this.#writeAll(waiting);
    else this.#socket.write(bytes);
    if (this.#socket.writableLength > 0) this.#watch();
  }

  /** Past every limit: for pings and close frames. */
  writeNow(bytes: Buffer): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** Resolves when the kernel has taken everything, or the outbox is closed; null when it already has. */
  drained(): Promise<void> | null {
    if (this.#closed || this.#socket.writableLength === 0) return null;
    this.#watch();
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  /** Forgets what waits. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
    this.#limits.backlog?.remove(this);
    this.#wake();
  }

  #hold({ messages, bytes, pieces }: Chain): void {
    this.#watch();
    const held = bytes + pieces * referenceBytes;
    if (messages > this.#limits.messages || held > this.#limits.bytes) this.#onOverflow();
  }

  /** An empty write is called back when everything before it was taken. */
  #watch(): void {
    if (this.#blockedSince > 0) return;
    this.#blockedSince = this.#limits.clock.now();
    this.#limits.backlog?.add(this);
    this.#socket.write(nothing, () => {
      this.#blockedSince = 0;
      this.flush();
      if (this.#blockedSince > 0) return;
      this.#limits.backlog?.remove(this);
      this.#wake();
    });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters) for (const resolve of waiters) resolve();
  }

  #writeAll(pieces: Iterable<Buffer>): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }
}
