import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Dispensable } from '../hub/recipient.ts';
import type { Gap } from '../hub/recovery.ts';
import type { Backlog } from './backlog.ts';
import { Chain } from './chain.ts';
import { exceeds, shorten, type WaitingLimits } from './shorten.ts';
import { probeStep, Window } from './window.ts';

/** Limits of what may wait for one connection beyond what the kernel took. */
export interface BacklogLimits extends WaitingLimits {
  readonly clock: Clock;
  /** Knows the outboxes that are blocked. */
  readonly backlog?: Backlog;
  /** Whether a peer that has never answered a probe is held to what it has read. @default true */
  readonly pongRequired?: boolean;
}

const nothing = Buffer.alloc(0);

/** Whom an outbox serves. */
export interface OutboxOwner {
  /** More waits than may. It is to be closed. */
  overflowed(): void;
  /** Messages were dropped: it is told so in their place, by a push. */
  gap(channel: string, gap: Gap): void;
  /** Bytes that a peer answers with this number when it has read them; null where peers answer nothing. */
  probe(place: number): Buffer | null;
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
  /** Bytes written before there was a window. */
  #written = 0;
  /** Made once so much was written that it matters who reads it. */
  #window: Window | null = null;
  /** The peer has no way to answer a probe: an event stream. */
  #unanswering = false;
  /** What the peer sends is not read at the moment, so that it can answer nothing. */
  #deaf = false;
  /** Set while nothing can be written: monotonic milliseconds since when. */
  #blockedSince = 0;
  /** A write is to be called back. */
  #awaitsKernel = false;
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

  /** Monotonic milliseconds since which the kernel takes nothing more, or the peer reads nothing; 0 while they do. */
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
    if (this.#unbegun) {
      this.#begin();
      return;
    }
    if (this.#waiting === null && this.#lost === null) return;
    if (this.#blocked) {
      this.#hold();
      return;
    }
    if (this.#lost !== null) this.#tellLost(this.#lost);
    this.#writeWaiting();
    if (this.#behind) this.#watch();
  }

  /** The socket was corked when the answer to the upgrade was written, which goes out with what waits. */
  get #unbegun(): boolean {
    return this.#socket.writableCorked > 0;
  }

  #begin(): void {
    this.#writeWaiting();
    this.#socket.uncork();
    if (this.#socket.writableLength > 0) this.#watch();
  }

  /** Past every limit: for pings and close frames. */
  writeNow(bytes: Buffer): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** The peer has read up to this place of a probe. Whatever else it sends shows nothing. */
  answered(place: number): void {
    this.#beforeLimit();
    if (this.#window?.answered(place, this.#limits.clock.monotonic())) this.#progress();
  }

  /** What the peer sends is not read for a while, or is read again: meanwhile no answer is waited for. */
  hears(hears: boolean): void {
    if (hears) {
      this.#beforeLimit();
      this.#window?.listened(this.#limits.clock.monotonic());
    }
    this.#deaf = !hears;
    if (!this.#behind) this.#progress();
  }

  /** Resolves when everything was taken, or the outbox is closed; null when it already was. */
  drained(): Promise<void> | null {
    if (this.#closed || !this.#behind) return null;
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

  /** The kernel has not taken the last write, or the peer has not read what is on its way: what can wait is to wait. */
  get #behind(): boolean {
    return this.#untaken || (this.#window !== null && !this.#deaf && this.#window.full);
  }

  /** Nothing can be written: the kernel has not taken the last write, or the peer had time to read, and did not. */
  get #blocked(): boolean {
    const window = this.#window;
    if (this.#untaken) return true;
    return window !== null && !this.#deaf && window.full && window.isOverdue(this.#limits.clock.monotonic());
  }

  get #untaken(): boolean {
    return this.#socket.writableLength > 0 && !this.#unbegun;
  }

  /**
   * The window may be full in a moment: a first answer shows how far behind the peer is. What came while it was open
   * goes out, so that nobody is closed for what they could not know.
   */
  #beforeLimit(): void {
    if (this.#window !== null && !this.#blocked) this.flush();
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

  /** An empty write is called back when everything before it was taken; an answer comes when it was read. */
  #watch(): void {
    if (this.#blockedSince === 0) {
      this.#blockedSince = this.#limits.clock.monotonic();
      this.#limits.backlog?.add(this);
    }
    if (this.#awaitsKernel || this.#socket.writableLength === 0) return;
    this.#awaitsKernel = true;
    this.#socket.write(nothing, () => {
      this.#awaitsKernel = false;
      this.#progress();
    });
  }

  /** Something was taken or read: what waits may go on. */
  #progress(): void {
    if (this.#blockedSince === 0 || this.#closed) return;
    this.#blockedSince = 0;
    if (!this.#blocked) this.flush();
    if (this.#closed) return;
    if (this.#behind) {
      this.#watch();
      return;
    }
    this.#limits.backlog?.remove(this);
    this.#wake();
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
    const probe = this.#probe(chain.bytes);
    const bytes = chain.joined();
    if (bytes !== null && probe === null) {
      this.#socket.write(bytes);
      return;
    }
    this.#socket.cork();
    if (bytes !== null) this.#socket.write(bytes);
    else for (const piece of chain.toArray()) this.#socket.write(piece.bytes);
    if (probe !== null) this.#socket.write(probe);
    this.#socket.uncork();
  }

  /** What asks the peer how far it has read, when it is time for that; to be written behind so many bytes. */
  #probe(bytes: number): Buffer | null {
    if (this.#unanswering) return null;
    if (this.#window === null) {
      this.#written += bytes;
      if (this.#written < probeStep) return null;
      this.#window = new Window(this.#written, this.#limits.pongRequired ?? true);
    } else this.#window.wrote(bytes);
    if (!this.#window.due) return null;
    const place = this.#window.probe(this.#limits.clock.monotonic());
    const probe = place === null ? null : this.#owner.probe(place);
    if (place !== null && probe === null) {
      this.#unanswering = true;
      this.#window = null;
    }
    return probe;
  }
}
