import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Backlog } from './backlog.ts';

/** Limits of what may wait for one connection beyond what the kernel took. */
export interface BacklogLimits {
  readonly messages: number;
  readonly bytes: number;
  readonly clock: Clock;
  /** Knows the outboxes that are blocked. */
  readonly backlog?: Backlog;
}

/** Up to this many bytes, several pieces are joined for one write; above, they go out by one `writev`. */
const joinBelow = 64 * 1024;
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
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #messages = 0;
  #bytes = 0;
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
    return this.#messages;
  }

  /** Bytes here and in the socket's own buffer. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** Unix milliseconds since which the kernel takes nothing more; 0 while it does. */
  get blockedSince(): number {
    return this.#blockedSince;
  }

  get empty(): boolean {
    return this.#first === null;
  }

  push(bytes: Buffer, messages: number): void {
    if (this.#closed) return;
    if (this.#first === null) this.#first = bytes;
    else if (this.#more === null) this.#more = [bytes];
    else this.#more.push(bytes);
    this.#messages += messages;
    this.#bytes += bytes.length;
  }

  /** One write of all that waits, unless the last one has not been taken yet. */
  flush(): void {
    const first = this.#first;
    if (first === null || this.#closed) return;
    if (this.#socket.writableLength > 0) {
      this.#hold();
      return;
    }
    const more = this.#more;
    const bytes = this.#bytes;
    this.#clear();
    if (more === null) this.#socket.write(first);
    else this.#writeAll(first, more, bytes);
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
    this.#clear();
    this.#limits.backlog?.remove(this);
    this.#wake();
  }

  #hold(): void {
    this.#watch();
    const held = this.#bytes + (this.#more?.length ?? 0) * referenceBytes;
    if (this.#messages > this.#limits.messages || held > this.#limits.bytes) this.#onOverflow();
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

  #writeAll(first: Buffer, more: Buffer[], bytes: number): void {
    if (bytes <= joinBelow) {
      more.unshift(first);
      this.#socket.write(Buffer.concat(more, bytes));
      return;
    }
    this.#socket.cork();
    this.#socket.write(first);
    for (const piece of more) this.#socket.write(piece);
    this.#socket.uncork();
  }

  #clear(): void {
    this.#first = null;
    this.#more = null;
    this.#messages = 0;
    this.#bytes = 0;
  }
}
