import { FanwireError } from '../../errors.ts';
import { type Target, toChannel } from '../../publishing/message.ts';
import type { Handed } from '../../publishing/publishing.ts';
import { Client } from '../client.ts';
import type { Frame, Link, Services, Session } from '../dialect.ts';
import { type Command, decode, encodeError, encodePing, encodeRoom } from './codec.ts';
import type { RelayPlaces } from './places.ts';

/** Durations in milliseconds. */
export interface RelayOptions {
  readonly pingInterval: number;
  readonly pongTimeout: number;
}

/** What a session tells. */
interface Told {
  /** A publish was committed or failed. */
  settled(): void;
  closed(): void;
}

/** One client of the relay. Its place in the room of its address was taken before. */
export class RelaySession implements Session<Command> {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: RelayOptions;
  readonly #places: RelayPlaces;
  readonly #home: { readonly room: string; readonly clientId: string };
  readonly #toHome: Target;
  readonly #told: Told;
  /** Rooms in which this connection holds a place. */
  readonly #rooms = new Set<string>();
  #nextPing: number;
  #closed = false;
  /** When the first ping that has no pong yet was sent; 0 when none is open. */
  #openPing = 0;

  constructor(
    link: Link,
    services: Services,
    options: RelayOptions,
    home: { readonly room: string; readonly clientId: string },
    told: Told,
  ) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, home.clientId, () => told.settled());
    this.#options = options;
    this.#places = services.shared.places;
    this.#home = home;
    this.#toHome = toChannel(home.room, 'room');
    this.#told = told;
    this.#nextPing = services.clock.monotonic() + options.pingInterval;
    this.#rooms.add(home.room);
    this.#places.claim(home.room, home.clientId, link.id);
  }

  async open(): Promise<void> {
    await this.#services.hub.attach(this.#link);
    await this.#subscribe(this.#home.room);
  }

  command(frame: Frame): Command {
    return decode(frame);
  }

  execute(command: Command): void | Promise<void> {
    switch (command.kind) {
      case 'publish':
        return this.#publish(command.to ?? this.#toHome, command.payload);
      case 'join':
        return this.#join(command.room);
      case 'leave':
        return this.#leave(command.room);
      case 'pong':
        this.#openPing = 0;
    }
  }

  fail({ code, message }: FanwireError): void {
    this.#link.send(encodeError(code, message));
  }

  wake(now: number): number {
    const { pingInterval, pongTimeout } = this.#options;
    const left = this.#openPing > 0 ? pongTimeout - this.#link.silence(this.#openPing) : pongTimeout;
    if (left <= 0) this.#link.close('idle');
    else if (now >= this.#nextPing) {
      this.#nextPing = now + pingInterval;
      if (this.#openPing === 0) this.#openPing = now;
      this.#link.send(encodePing(this.#services.clock.now()));
    }
    return Math.min(this.#nextPing, now + left);
  }

  expelled(room: string): void {
    this.#exit(room);
    if (room === this.#home.room) this.#link.close('permissionLost');
    else this.#link.send(encodeRoom('left', room));
  }

  presence(): void {}

  gap(room: string): void {
    this.#link.failed('unrecoverable');
    this.fail(new FanwireError('unrecoverable', `messages of "${room}" were lost`));
  }

  closed(): void {
    this.#closed = true;
    for (const room of [...this.#rooms]) this.#exit(room);
    this.#places.release(this.#home.room, this.#home.clientId, this.#link.id);
    this.#told.closed();
  }

  get actionMember(): 'type' {
    return 'type';
  }

  answerOwn(type: string, payload: unknown): void {
    this.#link.send(JSON.stringify({ type, payload }));
  }

  #publish(to: Target, data: string): Handed {
    this.#client.requireSubscribed(to.channel);
    return this.#client.publish(to, { type: 'text', data }, null, (error) => this.fail(error));
  }

  async #join(room: string): Promise<void> {
    if (!this.#rooms.has(room)) {
      await this.#enter(room);
      if (this.#closed) return;
      await this.#subscribe(room).catch((thrown) => {
        this.#exit(room);
        throw thrown;
      });
      // Kicked meanwhile: it has been told `left` already.
      if (!this.#rooms.has(room)) return;
    }
    this.#link.send(encodeRoom('joined', room));
  }

  #leave(room: string): void {
    this.#client.leave(room);
    this.#exit(room);
    this.#link.send(encodeRoom('left', room));
  }

  async #subscribe(room: string): Promise<void> {
    await this.#client.subscribe(room, { presentAs: this.#link.user });
  }

  async #enter(room: string): Promise<void> {
    if (!(await this.#places.enter(room, this.#link.id))) {
      throw new FanwireError('limit_reached', `room "${room}" has its maximum of connections`);
    }
    this.#rooms.add(room);
    if (this.#closed) this.#exit(room);
  }

  #exit(room: string): void {
    if (this.#rooms.delete(room)) this.#places.leave(room, this.#link.id);
  }
}
