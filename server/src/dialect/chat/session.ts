import type { PresenceEvent } from '../../engine/engine.ts';
import type { FanwireError } from '../../errors.ts';
import { guestKey, shownAs } from '../../guests.ts';
import type { SubscribeOptions } from '../../hub/subscriber.ts';
import type { Handed } from '../../publishing/publishing.ts';
import { Client } from '../client.ts';
import type { Expulsion, Frame, Link, Services, Session } from '../dialect.ts';
import { maxPage } from '../fields.ts';
import {
  type Command,
  decode,
  encodeAnswer,
  encodeError,
  encodeHistory,
  encodeJoined,
  encodePresence,
} from './codec.ts';

export interface ChatOptions {
  readonly historyOnJoin: number;
  /** Milliseconds between WebSocket pings, and without a sign of life until 4408. */
  readonly pingInterval: number;
  readonly idleTimeout: number;
}

/** One chat client: many rooms on one connection. */
export class ChatSession implements Session<Command> {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: ChatOptions;
  readonly #name: string;
  readonly #rooms = new Set<string>();
  /** The room that this client is deleting. */
  #deleting: string | null = null;
  #nextPing: number;

  constructor(link: Link, services: Services, options: ChatOptions, settled: () => void) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, null, settled);
    this.#options = options;
    this.#name = link.user ?? '';
    this.#nextPing = services.clock.monotonic() + options.pingInterval;
  }

  async open(): Promise<void> {
    await this.#services.hub.attach(this.#link);
  }

  command(frame: Frame): Command {
    return decode(frame);
  }

  execute(command: Command): void | Promise<void> {
    switch (command.kind) {
      case 'publish':
        return this.#publish(command);
      case 'join':
        return this.#join(command.room);
      case 'leave':
        return this.#leave(command.room);
      case 'history':
        return this.#history(command);
      case 'rooms':
        return this.#listRooms();
      case 'members':
        return this.#listMembers(command.room);
      case 'create':
        return this.#create(command);
      case 'delete':
        return this.#delete(command.room);
      case 'invite':
      case 'kick':
        return this.#manage(command);
    }
  }

  fail({ code, message }: FanwireError, frame: Frame | null): void {
    const room = frame?.object.room;
    const isReadable = typeof room === 'string' && room.isWellFormed();
    this.#link.send(encodeError(code, message, isReadable ? room : undefined));
  }

  wake(now: number): number {
    const left = this.#options.idleTimeout - this.#link.silence();
    if (left <= 0) this.#link.close('idle');
    else if (now >= this.#nextPing) {
      this.#nextPing = now + this.#options.pingInterval;
      this.#link.ping();
    }
    return Math.min(now + left, this.#nextPing);
  }

  expelled(room: string, why: Expulsion): void {
    this.#exit(room);
    if (why === 'kicked') this.#link.send(encodeAnswer('kicked', { room, user: this.#name }));
    // Whoever deletes it is answered once, when it is done.
    else if (room !== this.#deleting) this.#link.send(encodeAnswer('deleted', { room }));
  }

  presence(event: PresenceEvent): void {
    this.#link.tell(encodePresence(event));
  }

  gap(room: string): void {
    this.#link.failed('unrecoverable');
    const text = `messages of "${room}" were lost: read its history`;
    this.#link.send(encodeError('unrecoverable', text, room));
  }

  closed(): void {
    for (const room of [...this.#rooms]) this.#exit(room);
  }

  get actionMember(): 'action' {
    return 'action';
  }

  answerOwn(action: string, data: unknown): void {
    this.#link.send(JSON.stringify({ action, data }));
  }

  #publish({ to, text, id }: Command & { kind: 'publish' }): Handed {
    this.#client.requireSubscribed(to.channel);
    const outgoing = { type: 'text', data: JSON.stringify(text), id, persist: true };
    return this.#client.publish(to, outgoing, null, ({ code, message }) =>
      this.#link.send(encodeError(code, message, to.channel)),
    );
  }

  async #join(room: string): Promise<void> {
    this.#client.check('subscribe', room);
    const readable = this.#services.gate.may(this.#link.principal, 'history', room);
    const options: SubscribeOptions = {
      history: readable ? this.#options.historyOnJoin : 0,
      undeleted: true,
      inAnswer: true,
      presentAs: this.#link.verifiedUser ?? guestKey(this.#name),
      watch: 'small',
      announce: ({ members, first }) => {
        this.#link.send(encodeJoined(room, this.#name, members, first));
      },
    };
    try {
      await this.#enter(room);
      await this.#client.subscribe(room, options);
    } catch (thrown) {
      if (!this.#link.subscriptions.has(room)) this.#exit(room);
      throw thrown;
    }
  }

  #leave(room: string): void {
    this.#client.leave(room);
    this.#exit(room);
    this.#link.send(encodeAnswer('left', { room }));
  }

  async #history({ room, query }: Command & { kind: 'history' }): Promise<void> {
    const page = await this.#client.history(room, { ...query, undeleted: true });
    this.#link.send(encodeHistory(room, page));
  }

  async #listRooms(): Promise<void> {
    const { gate, presence } = this.#services;
    const list = [];
    for (const room of this.#visibleRooms(await this.#services.shared.occupied.names())) {
      list.push({ room, members: await presence.count(room), private: gate.rooms.isPrivate(room) });
    }
    this.#link.send(encodeAnswer('rooms', { rooms: list }));
  }

  /** Created rooms, then those that chat clients are in: of both, what this client may join. */
  #visibleRooms(occupied: Iterable<string>): Set<string> {
    const { gate } = this.#services;
    const visible = new Set<string>();
    const add = (room: string): void => {
      if (visible.size < maxPage && gate.may(this.#link.principal, 'subscribe', room)) visible.add(room);
    };
    for (const { room } of gate.rooms.visible(this.#link.principal, maxPage)) add(room);
    for (const room of occupied) add(room);
    return visible;
  }

  async #listMembers(room: string): Promise<void> {
    this.#client.check('presence', room);
    const { users } = await this.#services.presence.page(room, { limit: maxPage });
    this.#services.hub.presenceListed(this.#link, room);
    this.#link.send(encodeAnswer('members', { room, users: users.map(({ user }) => shownAs(user).name) }));
  }

  async #create({ room, private: isPrivate, members }: Command & { kind: 'create' }): Promise<void> {
    this.#services.gate.checkCreate(this.#link.principal, room);
    await this.#services.gate.rooms.create(this.#owner, room, isPrivate, members);
    this.#link.send(encodeAnswer('created', { room, private: isPrivate }));
  }

  async #manage({ kind, room, user, guest }: Command & { kind: 'invite' | 'kick' }): Promise<void> {
    const { rooms } = this.#services.gate;
    if (kind === 'invite') await rooms.invite(this.#owner, room, user);
    else await rooms.kick(this.#owner, room, user, guest ?? (await this.#isGuest(room, user)));
    this.#link.send(encodeAnswer(kind === 'invite' ? 'invited' : 'kicked', { room, user }));
  }

  async #delete(room: string): Promise<void> {
    this.#deleting = room;
    try {
      await this.#services.gate.rooms.delete(this.#owner, room);
    } finally {
      this.#deleting = null;
    }
    this.#link.send(encodeAnswer('deleted', { room }));
  }

  /** Whether a guest in the room goes by this name. */
  async #isGuest(room: string, name: string): Promise<boolean> {
    const key = guestKey(name);
    // Nothing but the guest comes right behind the user of the same name.
    const { users } = await this.#services.presence.page(room, { limit: 1, cursor: name });
    return users[0]?.user === key;
  }

  get #owner(): { principal: Link['principal']; name: string } {
    return { principal: this.#link.principal, name: this.#name };
  }

  async #enter(room: string): Promise<void> {
    if (this.#rooms.has(room)) return;
    this.#rooms.add(room);
    await this.#services.shared.occupied.enter(room);
  }

  #exit(room: string): void {
    if (this.#rooms.delete(room)) this.#services.shared.occupied.leave(room);
  }
}
