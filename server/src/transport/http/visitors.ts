import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { FanwireError } from '../../errors.ts';
import type { HttpSocket } from '../answered.ts';
import { rawAnswer } from '../raw-answer.ts';
import { newRequestId } from '../request-id.ts';
import type { CutMeter } from './meter.ts';
import { Visitor } from './visitor.ts';

export interface VisitorLimits {
  /** Connections that speak HTTP. */
  readonly connections: number;
  /** Connections of whatever kind: what the system has descriptors for. */
  readonly sockets: number;
}

export interface VisitorParts {
  readonly limits: VisitorLimits;
  readonly meter: CutMeter;
  /** Whether somebody has shown a valid credential on this connection. */
  readonly knows: (socket: Socket) => boolean;
}

/** Node keeps the number exactly; its own question for it answers a turn later, when more may have come. */
type CountingServer = Server & { readonly _connections?: number };

/**
 * Milliseconds in which nobody who has just come gives way for having asked for nothing: when thousands come back at
 * once, many are accepted before the first of them is read, or could send.
 */
const grace = 250;

/** How many of those that are not idle are looked at for one that may go. */
const looks = 64;

/**
 * The connections of a server that speak HTTP: accepted, and neither a WebSocket nor an event stream. They have a limit
 * of their own. Over it one gives way, so that whoever comes gets in: the one that has been idle longest, else one that
 * keeps the server waiting. Who has shown a valid credential goes only when nobody else is there; nobody goes whose
 * request is being served.
 */
export class Visitors {
  readonly #parts: VisitorParts;
  readonly #known = new WeakMap<Socket, Visitor>();
  /** Without a request, the one that has been so for longest first. */
  readonly #idle = new Set<Visitor>();
  /** Of those, the ones that were found to have shown a credential. */
  readonly #proven = new Set<Visitor>();
  readonly #busy = new Set<Visitor>();
  #looked = this.#idle.values();
  #server: CountingServer | null = null;
  /** Connections of the server that speak no HTTP any more. */
  #left = 0;
  /** Requests that came and are not answered, of all. */
  requests = 0;

  constructor(parts: VisitorParts) {
    this.#parts = parts;
  }

  /** From now on it counts the connections of this server. */
  watch(server: Server): void {
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#arrived(socket));
  }

  /** Connections that speak HTTP now. */
  get count(): number {
    return Math.max(0, this.#sockets - this.#left);
  }

  get limit(): number {
    return this.#parts.limits.connections;
  }

  get #sockets(): number {
    return this.#server?._connections ?? 0;
  }

  of(socket: Socket): Visitor {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const visitor = new Visitor(socket, false);
    this.#known.set(socket, visitor);
    return visitor;
  }

  /** It asks for something. */
  asked(visitor: Visitor): void {
    this.requests++;
    if (visitor.unanswered++ > 0) return;
    this.#idle.delete(visitor);
    this.#proven.delete(visitor);
    this.#busy.add(visitor);
  }

  /** One of its requests is answered. */
  answered(visitor: Visitor): void {
    this.requests--;
    if (--visitor.unanswered > 0) return;
    this.#busy.delete(visitor);
    visitor.last = null;
    if (!visitor.ours) return;
    visitor.newSince = Number.NEGATIVE_INFINITY;
    this.#idle.add(visitor);
  }

  /** It is gone, or speaks HTTP no more. */
  drop(visitor: Visitor): void {
    if (visitor.gone) return;
    visitor.gone = true;
    this.requests -= visitor.unanswered;
    visitor.unanswered = 0;
    visitor.waiting = [];
    visitor.last = null;
    this.#idle.delete(visitor);
    this.#proven.delete(visitor);
    this.#busy.delete(visitor);
  }

  /** The socket carries a WebSocket or an event stream from now on, and counts as that. */
  leave(socket: Socket): void {
    const visitor = this.#known.get(socket);
    if (visitor === undefined || visitor.gone) return;
    this.drop(visitor);
    if (!visitor.ours || socket.destroyed) return;
    this.#left++;
    socket.on('close', () => this.#left--);
  }

  /** Lets go of those whose connection ended without a word while they were asking. */
  sweep(): void {
    for (const visitor of this.#busy) if (visitor.socket.destroyed) this.drop(visitor);
    this.#makeRooms();
  }

  /**
   * Cuts those that ask for nothing. Node's own `closeIdleConnections` leaves those alone that have sent a part of a
   * request's head, and with `close` Node stops looking at their deadline: one of them would hold up the end of the
   * server.
   */
  cutIdle(): void {
    for (const idle of [this.#idle, this.#proven]) {
      for (const { socket } of idle)
        if (!socket._httpMessage && socket.writableLength === 0) socket.destroy();
    }
  }

  #arrived(socket: HttpSocket): void {
    const visitor = new Visitor(socket, true);
    this.#known.set(socket, visitor);
    this.#look();
    this.#look();
    this.#makeRooms();
    if (this.#isFull && this.#hasNoRoom) {
      this.#parts.meter.cut('full');
      this.#refuse(socket);
      return;
    }
    this.#idle.add(visitor);
  }

  get #isFull(): boolean {
    return this.count > this.#parts.limits.connections || this.#isAtItsEnd;
  }

  /** The descriptors are used up. */
  get #isAtItsEnd(): boolean {
    return this.#sockets > this.#parts.limits.sockets;
  }

  /** There is none, and none that will be free in a moment. */
  get #hasNoRoom(): boolean {
    return this.#isAtItsEnd || !(this.#hasNew || this.#hasUpgrades);
  }

  get #hasNew(): boolean {
    const [first] = this.#idle;
    return first !== undefined && this.#isNew(first);
  }

  /** Somebody is about to speak no HTTP any more. */
  get #hasUpgrades(): boolean {
    let looked = 0;
    for (const { upgrading, socket } of this.#busy) {
      if (upgrading && !socket.writableEnded) return true;
      if (++looked > looks) break;
    }
    return false;
  }

  #isNew(visitor: Visitor): boolean {
    return performance.now() - visitor.newSince < grace;
  }

  /** Those who were let in beyond the limit, because nobody could give way, make it more than one. */
  #makeRooms(): void {
    while (this.#isFull && this.#makeRoom());
  }

  #makeRoom(): boolean {
    const victim = this.#oldest(this.#idle) ?? this.#dawdler() ?? this.#oldest(this.#proven);
    if (victim === null) return false;
    this.drop(victim);
    victim.socket.destroy();
    this.#parts.meter.cut('idle');
    return true;
  }

  /** Of those without a request who has waited longest; who has shown a credential is put aside meanwhile. */
  #oldest(idle: Set<Visitor>): Visitor | null {
    for (const visitor of idle) {
      if (visitor.socket.destroyed) this.drop(visitor);
      else if (idle === this.#idle && this.#parts.knows(visitor.socket)) {
        idle.delete(visitor);
        this.#proven.add(visitor);
      } else return this.#isNew(visitor) && !this.#isAtItsEnd ? null : visitor;
    }
    return null;
  }

  /** Of those with a request one that keeps us waiting for it, or for taking its answer. */
  #dawdler(): Visitor | null {
    let looked = 0;
    for (const visitor of this.#busy) {
      if (++looked > looks) return null;
      if (visitor.socket.destroyed) this.drop(visitor);
      else if (visitor.dawdles && !this.#parts.knows(visitor.socket)) return visitor;
    }
    return null;
  }

  #refuse(socket: Socket): void {
    const error = new FanwireError(
      'server_full',
      'the server has its maximum of connections; try again later',
    );
    socket.on('error', () => {});
    socket.write(rawAnswer(error, newRequestId()));
    socket.destroySoon();
  }

  /**
   * A listener for `close` on every socket would be simpler. But with it the requests of a connection outlive each
   * other until V8's next full collection, which halves what the server can do; so those that are gone are let go as
   * others come, two looks for each.
   */
  #look(): void {
    const { done, value } = this.#looked.next();
    if (done) this.#looked = this.#idle.values();
    else if (value.socket.destroyed) this.drop(value);
  }
}
