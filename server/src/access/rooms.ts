import type { RoomStore } from '../engine/engine.ts';
import { badRequest, FanwireError } from '../errors.ts';
import type { ControlCommand, Hub } from '../hub/hub.ts';
import type { Principal } from './principal.ts';

interface OwnedRoom {
  readonly channel: string;
  readonly owner: string;
  readonly private: boolean;
  readonly members: Set<string>;
}

export interface ListedRoom {
  readonly room: string;
  readonly private: boolean;
}

/** Who wants to own a room: the principal, and the name it goes by. */
export interface Owner {
  readonly principal: Principal;
  readonly name: string;
}

/** Told that a user lost a channel: every connection of that user has to leave it. */
export type ExpelListener = (channel: string, user: string) => void;

/**
 * The rooms that somebody owns, held in memory on every node and kept in the engine. Changes go through `$control`,
 * so that every node sees them in the same order.
 */
export class Rooms {
  readonly #hub: Hub;
  readonly #store: RoomStore;
  readonly #rooms = new Map<string, OwnedRoom>();
  readonly #expelListeners: ExpelListener[] = [];

  constructor(hub: Hub, store: RoomStore) {
    this.#hub = hub;
    this.#store = store;
    hub.onCommand((command) => this.#command(command));
  }

  async open(): Promise<void> {
    for (const room of await this.#store.all()) this.#put(room);
  }

  onExpel(listener: ExpelListener): void {
    this.#expelListeners.push(listener);
  }

  isPrivate(channel: string): boolean {
    return this.#rooms.get(channel)?.private ?? false;
  }

  /** May this principal see and use the channel, as far as its being private goes? */
  admits(principal: Principal, channel: string): boolean {
    const room = this.#rooms.get(channel);
    if (!room?.private) return true;
    if (principal.via === 'key') return principal.scopes.has('manage');
    return principal.via === 'jwt' && principal.user !== null && room.members.has(principal.user);
  }

  /** Created rooms that this principal may know of, at most `limit`, in the order of their creation. */
  visible(principal: Principal, limit: number): ListedRoom[] {
    const list: ListedRoom[] = [];
    for (const room of this.#rooms.values()) {
      if (list.length >= limit) break;
      if (this.admits(principal, room.channel)) list.push({ room: room.channel, private: room.private });
    }
    return list;
  }

  /** For who passed the gate's `checkCreate`. Throws `bad_request` when the name is in use. */
  async create(by: Owner, channel: string, isPrivate: boolean, members: string[]): Promise<void> {
    if (await this.#inUse(channel)) throw badRequest(`room "${channel}" exists already; choose another name`);
    const owner = ownerKey(by);
    const room = { channel, owner, private: isPrivate, members: [...new Set([owner, ...members])] };
    if (!(await this.#store.create(room))) {
      throw badRequest(`room "${channel}" exists already; choose another name`);
    }
    this.#put(room);
    await this.#hub.command({ op: 'room.create', room });
  }

  /** Throws `forbidden` unless the room is owned by this user. */
  async invite(by: Owner, channel: string, user: string): Promise<void> {
    this.#ownedBy(by, channel);
    await this.#store.admit(channel, user);
    this.#rooms.get(channel)?.members.add(user);
    await this.#hub.command({ op: 'room.admit', channel, user });
  }

  /** Throws `forbidden` unless the room is owned by this user, `bad_request` for the owner itself. */
  async kick(by: Owner, channel: string, user: string): Promise<void> {
    this.#ownedBy(by, channel);
    if (user === by.name) throw badRequest('user: the owner cannot be kicked from its own room');
    await this.#store.expel(channel, user);
    this.#rooms.get(channel)?.members.delete(user);
    await this.#hub.command({ op: 'room.expel', channel, user });
  }

  async #inUse(channel: string): Promise<boolean> {
    if (this.#rooms.has(channel) || this.#hub.local(channel)) return true;
    return (await this.#hub.position(channel)).offset > 0;
  }

  #ownedBy(by: Owner, channel: string): void {
    if (this.#rooms.get(channel)?.owner === ownerKey(by)) return;
    throw new FanwireError('forbidden', `only the owner of room "${channel}" may do this`);
  }

  #put(room: { channel: string; owner: string; private: boolean; members: readonly string[] }): void {
    this.#rooms.set(room.channel, { ...room, members: new Set(room.members) });
  }

  #command(command: ControlCommand): void {
    const { op, room, channel, user } = command as RoomCommand;
    if (op === 'room.create') this.#put(room);
    else if (op === 'room.admit') this.#rooms.get(channel)?.members.add(user);
    else if (op === 'room.expel') {
      this.#rooms.get(channel)?.members.delete(user);
      for (const listener of this.#expelListeners) listener(channel, user);
    }
  }
}

/**
 * A guest's name is a claim that anyone can make, so that it never equals a verified user: no user id has a control
 * character.
 */
function ownerKey({ principal, name }: Owner): string {
  return principal.user === null ? `guest\t${name}` : principal.user;
}

interface RoomCommand extends ControlCommand {
  readonly room: { channel: string; owner: string; private: boolean; members: readonly string[] };
  readonly channel: string;
  readonly user: string;
}
