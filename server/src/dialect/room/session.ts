import type { PresenceEvent } from '../../engine/engine.ts';
import { FanwireError } from '../../errors.ts';
import { type Target, toChannel } from '../../publishing/message.ts';
import type { Handed } from '../../publishing/publishing.ts';
import { Client } from '../client.ts';
import type { Frame, Link, Services, Session } from '../dialect.ts';
import { maxPage, readableReference } from '../fields.ts';
import {
  type Command,
  decode,
  encodeAck,
  encodeError,
  encodeHistory,
  encodeOwn,
  encodePing,
  encodePresence,
  encodePresenceState,
} from './codec.ts';

/** Durations in milliseconds. */
export interface RoomOptions {
  readonly heartbeatInterval: number;
  readonly idleTimeout: number;
}

/** One signed-in user's connection to one room. */
export class RoomSession implements Session<Command> {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: RoomOptions;
  readonly #room: string;
  readonly #toRoom: Target;
  readonly #watch: boolean;
  #nextPing: number;

  constructor(
    link: Link,
    services: Services,
    options: RoomOptions,
    place: { readonly room: string; readonly watch: boolean },
    settled: () => void,
  ) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, null, settled);
    this.#options = options;
    this.#room = place.room;
    this.#toRoom = toChannel(place.room, 'room');
    this.#watch = place.watch;
    this.#nextPing = services.clock.monotonic() + options.heartbeatInterval;
  }

  async open(): Promise<void> {
    await this.#services.hub.attach(this.#link);
    const watch = this.#watch ? 'always' : undefined;
    await this.#client.subscribe(this.#room, { presentAs: this.#link.user, watch });
  }

  command(frame: Frame): Command {
    return decode(frame, this.#room);
  }

  execute(command: Command): void | Promise<void> {
    switch (command.kind) {
      case 'publish':
        return this.#publish(command);
      case 'presence':
        return this.#listPresence();
      case 'history':
        return this.#history(command);
      case 'pong':
        return;
    }
  }

  fail({ code, message }: FanwireError, frame: Frame | null): void {
    const ref = frame ? readableReference(frame, 'ref') : undefined;
    this.#link.send(encodeError(code, message, ref));
  }

  wake(now: number): number {
    const { heartbeatInterval, idleTimeout } = this.#options;
    const left = idleTimeout - this.#link.silence();
    if (left <= 0) this.#link.close('idle');
    else if (now >= this.#nextPing) {
      this.#nextPing = now + heartbeatInterval;
      this.#link.send(encodePing(this.#services.clock.now()));
    }
    return Math.min(now + left, this.#nextPing);
  }

  expelled(room: string): void {
    if (room === this.#room) this.#link.close('permissionLost');
  }

  presence(event: PresenceEvent): void {
    this.#link.tell(encodePresence(event));
  }

  gap(room: string): void {
    this.#link.failed('unrecoverable');
    this.fail(new FanwireError('unrecoverable', `messages of "${room}" were lost: read its history`), null);
  }

  closed(): void {}

  get actionMember(): 'type' {
    return 'type';
  }

  answerOwn(type: string, data: unknown, frame: Frame): void {
    this.#link.send(encodeOwn(type, readableReference(frame, 'ref'), data));
  }

  #publish({ text, ref }: Command & { kind: 'publish' }): Handed {
    return this.#client.publish(
      this.#toRoom,
      { type: 'text', data: JSON.stringify(text), persist: true },
      ref === undefined ? null : (receipt) => this.#link.send(encodeAck(ref, receipt)),
      ({ code, message }) => this.#link.send(encodeError(code, message, ref)),
    );
  }

  async #listPresence(): Promise<void> {
    this.#client.check('presence', this.#room);
    const { users } = await this.#services.presence.page(this.#room, { limit: maxPage });
    this.#services.hub.presenceListed(this.#link, this.#room);
    this.#link.send(encodePresenceState(this.#room, users));
  }

  async #history({ query }: Command & { kind: 'history' }): Promise<void> {
    const page = await this.#client.history(this.#room, { ...query, undeleted: true });
    this.#link.send(encodeHistory(this.#room, page));
  }
}
