import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Dispensable } from '../hub/recipient.ts';
import type { Gap } from '../hub/recovery.ts';
import type { Backlog } from './backlog.ts';
import { Chain } from './chain.ts';
import { exceeds, shorten, type WaitingLimits } from './shorten.ts';

/** Limits of what may wait for one connection beyond what the kernel took. */
export interface BacklogLimits extends WaitingLimits {
  readonly clock: Clock;
  /** Knows the outboxes that are blocked. */
  readonly backlog?: Backlog;
}

const nothing = Buffer.alloc(0);

/** Whom an outbox serves. */
export interface OutboxOwner {
  /** More waits than may. It is to be closed. */
  overflowed(): void;
  /** Messages were dropped: it is told so in their place, by a push. */
  gap(channel: string, gap: Gap): void;
}

/**
 * The bytes waiting for one connection: references to buffers that many connections share. While the kernel takes
 * what is written nothing waits here; once it does not, references gather up to the limit.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #limits: BacklogLimits;
  readonly #owner: OutboxOwner;
  #waiting: Chain | null = null;
  /** By channel: what was dropped and the reader has not been told of. */
  #lost: Map<string, Gap> | null = null;
  #closed = false;
  /** Set while a write has not been taken by the kernel: Unix milliseconds since when. */
  #blockedSince = 0;
  #waiters: (() => void)[] | null = null;

  constructor(socket: Socket, limits: BacklogLimits, owner: OutboxOwner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
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

  push(bytes: Buffer, messages: number, dispensable?: Dispensable): void {
    if (!this.#closed) this.#waiting = Chain.add(this.#waiting, bytes, messages, dispensable);
  }

  /** One write of all that waits, unless the last one has not been taken yet. */
  flush(): void {
    if (this.#closed) return;
    if (this.#socket.writableCorked > 0) {
      this.#begin();
      return;
    }
    if (this.#waiting === null && this.#lost === null) return;
    if (this.#socket.writableLength > 0) {
      this.#hold();
      return;
    }
    if (this.#lost !== null) this.#tellLost(this.#lost);
    this.#writeWaiting();
    if (this.#socket.writableLength > 0) this.#watch();
  }

  /** The socket was corked when the answer to the upgrade was written: that goes out with what waits. */
  #begin(): void {
    this.#writeWaiting();
    this.#socket.uncork();
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
    this.#take();
    this.#limits.backlog?.remove(this);
    this.#wake();
  }

  #hold(): void {
    this.#watch();
    if (this.#waiting?.dispensable) {
      const lost = this.#lost ?? new Map<string, Gap>();
      const pieces = this.#waiting.toArray();
      this.#take();
      this.#waiting = Chain.of(shorten(pieces, this.#limits, lost));
      Chain.forget(null);
      if (lost.size > 0) this.#lost = lost;
    }
    if (this.#waiting !== null && exceeds(this.#waiting, this.#limits)) this.#owner.overflowed();
  }

  /** Each gap goes before what is left of its channel. */
  #tellLost(lost: Map<string, Gap>): void {
    const pieces = this.#take()?.toArray() ?? [];
    this.#lost = null;
    for (const { bytes, messages, dispensable } of pieces) {
      const gap = dispensable && lost.get(dispensable.channel);
      if (gap) {
        lost.delete(dispensable.channel);
        this.#owner.gap(dispensable.channel, gap);
      }
      this.push(bytes, messages, dispensable);
    }
    for (const [channel, gap] of lost) this.#owner.gap(channel, gap);
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

  #take(): Chain | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    Chain.forget(waiting);
    return waiting;
  }

  #writeWaiting(): void {
    const chain = this.#take();
    if (chain === null) return;
    const bytes = chain.joined();
    if (bytes !== null) {
      this.#socket.write(bytes);
      return;
    }
    this.#socket.cork();
    for (const piece of chain.toArray()) this.#socket.write(piece.bytes);
    this.#socket.uncork();
  }
}
