import type { Socket } from 'node:net';
import type { ClientAddress } from '../access/client-address.ts';
import type { LimitHolder } from '../access/limits/bites.ts';
import type { HeldFrames } from '../access/limits/client-limits.ts';
import type { FreePlace } from '../access/limits/places.ts';
import type { Principal } from '../access/principal.ts';
import { type CloseCode, type CloseReason, closeCodes, type HttpErrorName } from '../codes.ts';
import type { DialectName, Expulsion, Link, Session } from '../dialect/dialect.ts';
import { Runner, type Valve } from '../dialect/runner.ts';
import type { PresenceEvent } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import type { Dispensable, Encoder, Subscription } from '../hub/recipient.ts';
import type { Gap } from '../hub/recovery.ts';
import type { ActionHandler } from '../middleware/actions.ts';
import type { TransportName } from './capacity.ts';
import { Expiry } from './expiry.ts';
import { type Ending, noTransportMeter, type TransportMeter } from './meter.ts';
import type { Node } from './node.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import type { Sleeper } from './wheel.ts';

/** How one transport puts things on its socket. */
export interface Wire extends Valve {
  readonly transport: TransportName;
  readonly socket: Socket;
  /** Whether nothing goes out before the session is open, not even the answer that lets the client in. */
  readonly held: boolean;
  /** A dialect's text as bytes to write. */
  frame(text: string): Buffer;
  /** The same bytes for all who are told the same text, one after the other. */
  sharedFrame(text: string): Buffer;
  /** Bytes that ask a live peer for a sign of life; null where the transport has none. */
  readonly ping: Buffer | null;
  /** Bytes that a peer answers with this number when it comes to them; null where the transport has none. */
  probe(place: number): Buffer | null;
  /** Says why and ends; `politely` false when the peer does not read. Never throws. */
  close(code: CloseCode, politely: boolean): void;
}

export interface ConnectionOptions {
  readonly id: string;
  readonly dialect: DialectName;
  readonly principal: Principal;
  readonly client: ClientAddress;
  /** Gives back the place that was taken for it. */
  readonly free: FreePlace;
  /** The name it goes by when no token says who it is (chat), else null. */
  readonly claimedName: string | null;
  readonly echo: boolean;
  readonly encoder: Encoder;
}

/** 1005 is "no status code was present" (RFC 6455, 7.1.5): an event stream never has one. */
const hungUp: Ending = { code: 1005, by: 'client' };

/** Bytes that may wait for a client before it has to take them: until then, none of its frames is handled. */
const relievedAbove = 128 * 1024;

/** After so long without the kernel taking anything, the reader is gone (milliseconds). */
const stalledAfter = 30_000;

/** Whether the flusher knows that something waits, and how much it hurries. */
type Marked = typeof unmarked | typeof marked | typeof markedUrgent;
const unmarked = 0;
const marked = 1;
const markedUrgent = 2;

/** One client over one transport: what the hub sends to, and what its session speaks through. */
export class Connection implements Link, OutboxOwner, Sleeper, Valve {
  readonly id: string;
  readonly dialect: DialectName;
  readonly verifiedUser: string | null;
  readonly user: string | null;
  readonly client: ClientAddress;
  readonly echo: boolean;
  /** Unix milliseconds. */
  readonly connectedAt: number;
  readonly subscriptions = new Map<string, Subscription>();
  readonly outbox: Outbox;
  encoder: Encoder;
  principal: Principal;
  pendingPublishes = 0;
  pendingSize = 0;
  serial = 0;
  due = 0;
  slot = -1;
  index = 0;
  readonly #node: Node;
  readonly #wire: Wire;
  readonly #frames: HeldFrames | null;
  readonly #free: FreePlace;
  /** Monotonic milliseconds, as all that follow. */
  readonly #openedAt: number;
  #lastSeen: number;
  /** Since when its frames are read. */
  #heardFrom: number;
  #expiry: Expiry | null = null;
  /** Its socket is not read for a while. */
  #deaf = false;
  #session: Session | null = null;
  #runner: Runner | null = null;
  #marked: Marked = unmarked;
  /** Nothing goes out yet. */
  #held: boolean;
  #closed = false;

  constructor(node: Node, wire: Wire, options: ConnectionOptions) {
    const now = node.clock.monotonic();
    this.id = options.id;
    this.dialect = options.dialect;
    this.principal = options.principal;
    this.verifiedUser = options.principal.user;
    this.user = options.principal.user ?? options.claimedName;
    this.client = options.client;
    this.echo = options.echo;
    this.encoder = options.encoder;
    this.connectedAt = node.clock.now();
    this.#openedAt = now;
    this.#lastSeen = now;
    this.#heardFrom = now;
    this.#node = node;
    this.#wire = wire;
    this.#free = options.free;
    this.#frames = node.callers.limits.frames(options.client, options.principal);
    this.#held = wire.held;
    this.outbox = new Outbox(wire.socket, node.limits, this);
  }

  get transport(): TransportName {
    return this.#wire.transport;
  }

  get remoteAddress(): string {
    return this.client.text;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get #meter(): TransportMeter {
    return this.#node.meter ?? noTransportMeter;
  }

  /** Whether anybody reads what is only said for finding faults. */
  get #verbose(): boolean {
    return this.#node.logConnections === true || (this.#node.log.isLevelEnabled?.('debug') ?? true);
  }

  get session(): Session | null {
    return this.#session;
  }

  /** Starts the conversation. Its place in the capacity was taken before. `request` is the id of the HTTP request that it began as. */
  start(makeSession: (settled: () => void) => Session, request?: string): void {
    this.#meter.opened(this.dialect, this.transport);
    this.#node.observer?.connected(this);
    if (this.#verbose) {
      this.#sayOpened({ ...this.#logged(), address: this.remoteAddress, request });
    }
    this.#session = makeSession(() => this.#runner?.settled());
    this.#runner = new Runner(this, this.#session, this, this.#node.report);
    this.#node.wheel.add(this, this.#session.wake(this.#openedAt));
    this.#watchExpiry();
    this.#runner.start();
  }

  /** One text frame from the client, of so many bytes. */
  receive(text: string, bytes: number): void {
    this.#meter.received(this.dialect, bytes);
    const over = this.#signOfLife();
    if (over === null) this.#runner?.receive(text);
    else this.#refuseFrame(over, text);
  }

  /** A sign of life that carries nothing: a ping or a pong, which costs no less than other frames. */
  seen(): void {
    const over = this.#signOfLife();
    if (over !== null) this.#refuseFrame(over, null);
  }

  silence(since = this.#lastSeen): number {
    // What it sent may wait here, for us.
    if (this.#deaf || this.#runner?.behind) return 0;
    return this.#node.wheel.attended(Math.max(since, this.#heardFrom));
  }

  /** A sign of life that wants these bytes back: with all that goes out at the end of this turn, and limited like it. */
  pinged(pong: Buffer): void {
    this.seen();
    if (!this.#closed) this.push(pong, 0, true);
  }

  /** A sign of life, with the number of the probe that it answers. */
  answered(place: number): void {
    this.seen();
    if (!this.#closed) this.outbox.answered(place);
  }

  pause(): void {
    this.#deaf = true;
    this.outbox.hears(false);
    this.#wire.pause();
  }

  resume(): void {
    this.#deaf = false;
    this.#heardFrom = this.#node.clock.monotonic();
    this.#wire.resume();
    this.outbox.hears(true);
  }

  overflowed(): void {
    this.close('slow');
  }

  probe(place: number): Buffer | null {
    return this.#wire.probe(place);
  }

  push(bytes: Buffer, messages: number, urgent: boolean, dispensable?: Dispensable): void {
    this.outbox.push(bytes, messages, dispensable);
    this.#mark(urgent ? markedUrgent : marked);
  }

  hurry(): void {
    if (this.#marked !== unmarked) this.#mark(markedUrgent);
  }

  flush(): void {
    this.#marked = unmarked;
    if (!this.#held) this.outbox.flush();
  }

  opened(): void {
    if (!this.#held) return;
    this.#held = false;
    this.flushSoon();
  }

  /** At the end of this turn. */
  flushSoon(): void {
    this.#mark(markedUrgent);
  }

  drained(): Promise<void> | null {
    return this.outbox.drained();
  }

  get crowded(): boolean {
    return this.#node.hub.crowded;
  }

  relief(): Promise<void> | null {
    if (this.outbox.queuedBytes < relievedAbove) return null;
    this.outbox.flush();
    return this.outbox.drained();
  }

  ownAction(name: string): ActionHandler | undefined {
    return this.#node.actions?.find(this.dialect, name);
  }

  send(text: string): void {
    if (this.#closed) return;
    const bytes = this.#wire.frame(text);
    this.#meter.replied(bytes.length);
    this.push(bytes, 0, true);
  }

  tell(text: string): void {
    if (this.#closed) return;
    const bytes = this.#wire.sharedFrame(text);
    this.#meter.replied(bytes.length);
    this.push(bytes, 0, false);
  }

  ping(): void {
    if (this.#wire.ping && !this.#closed) this.outbox.writeNow(this.#wire.ping);
  }

  failed(code: HttpErrorName): void {
    this.#meter.failed(this.dialect, code);
  }

  presence(event: PresenceEvent): void {
    this.#session?.presence(event);
  }

  gap(channel: string, gap: Gap): void {
    this.#session?.gap(channel, gap);
  }

  renew(principal: Principal): void {
    this.principal = principal;
    this.#watchExpiry();
  }

  wake(now: number): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const { blockedSince } = this.outbox;
    let due = Number.POSITIVE_INFINITY;
    if (blockedSince > 0 && this.#node.wheel.attended(blockedSince) >= stalledAfter) this.close('slow');
    else due = this.#session?.wake(now) ?? due;
    return this.#closed ? Number.POSITIVE_INFINITY : due;
  }

  /** Takes a channel away, because its owner or an administrator said so. */
  expel(channel: string, why: Expulsion): void {
    if (this.#node.hub.unsubscribe(this, channel)) this.#session?.expelled(channel, why);
  }

  /** Says why, unless the peer reads too slowly to be told more, and lets go. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    const politely = reason !== 'slow';
    if (politely) this.outbox.flush();
    this.#wire.close(closeCodes[reason], politely);
    this.gone({ code: closeCodes[reason].code, by: 'server', reason: closeCodes[reason].reason });
  }

  /** Lets go of the socket, whether the peer has finished closing or not. */
  cut(): void {
    this.#wire.socket.destroy();
  }

  /** The socket is closing or closed: nothing more goes out. Idempotent. */
  gone(ending: Ending = hungUp): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#meter.closed(this.dialect, this.transport, ending);
    if (this.#verbose) {
      const ms = Math.round(this.#node.clock.monotonic() - this.#openedAt);
      this.#sayClosed({ ...this.#logged(), ...ending, ms });
    }
    this.outbox.close();
    this.#runner?.close();
    this.#node.wheel.remove(this);
    if (this.#expiry) this.#node.wheel.remove(this.#expiry);
    this.#node.hub.detach(this);
    this.#session?.closed();
    this.#frames?.release();
    this.#free();
    this.#node.observer?.disconnected(this, ending);
  }

  #mark(wanted: Marked): void {
    if (this.#marked >= wanted) return;
    this.#marked = wanted;
    this.#node.hub.flusher.mark(this, wanted === markedUrgent);
  }

  /** Follows the principal of the moment. */
  #watchExpiry(): void {
    const { wheel } = this.#node;
    const { expiresAt } = this.principal;
    if (this.#expiry) wheel.remove(this.#expiry);
    if (expiresAt === null || this.#closed) return;
    this.#expiry ??= new Expiry(this);
    wheel.addDated(this.#expiry, expiresAt);
  }

  #sayOpened(fields: object): void {
    const { log, logConnections } = this.#node;
    if (logConnections) log.info(fields, 'connection opened');
    else log.debug(fields, 'connection opened');
  }

  #sayClosed(fields: object): void {
    const { log, logConnections } = this.#node;
    if (logConnections) log.info(fields, 'connection closed');
    else log.debug(fields, 'connection closed');
  }

  #logged(): object {
    const { id, dialect, transport, user } = this;
    return { connection: id, dialect, transport, user };
  }

  /** A frame of any kind came; whose limit it is over, if it is. */
  #signOfLife(): LimitHolder | null {
    const now = this.#node.clock.monotonic();
    this.#lastSeen = now;
    return this.#frames === null ? null : this.#frames.limit.take(now);
  }

  /** A frame with a text is answered; of others only the first of many. */
  #refuseFrame(over: LimitHolder, text: string | null): void {
    if (this.#closed || !this.#frames) return;
    const { limit } = this.#frames;
    this.#node.callers.limits.refused(over, this.client, this.verifiedUser);
    if (text !== null || limit.refused === 1) {
      const whose = over === 'connection' ? '' : ` from all connections of this ${over}`;
      const error = new FanwireError(
        'rate_limited',
        `at most ${limit.rateOf(over)} messages a second${whose}`,
      );
      this.failed(error.code);
      if (text === null) this.#session?.fail(error, null);
      else this.#runner?.refuse(text, error);
    }
    if (limit.exhausted) this.close('rateLimit');
  }
}
