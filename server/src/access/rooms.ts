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

/**
 * Told that a user, or whoever goes by a guest's name, lost a channel, or for null everybody did: every connection of
 * theirs has to leave it.
 */
export type ExpelListener = (channel: string, user: string | null, isGuest: boolean) => void;

/** Finite, so that what clients make fills neither the memory of every node nor the disk. */
export interface RoomLimits {
  readonly roomsPerOwner: number;
  readonly membersPerRoom: number;
}

const noLimits: RoomLimits = {
  roomsPerOwner: Number.POSITIVE_INFINITY,
  membersPerRoom: Number.POSITIVE_INFINITY,
};

/**
 * The rooms that somebody owns, held in memory on every node and kept in the engine. Changes go through `$control`,
 * so that every node sees them in the same order.
 */
export class Rooms {
  readonly #hub: Hub;
  readonly #store: RoomStore;
  readonly #limits: RoomLimits;
  readonly #rooms = new Map<string, OwnedRoom>();
  /** How many rooms each owner has, or is about to have. */
  readonly #owned = new Map<string, number>();
  readonly #expelListeners: ExpelListener[] = [];

  constructor(hub: Hub, store: RoomStore, limits: RoomLimits = noLimits) {
    this.#hub = hub;
    this.#store = store;
    this.#limits = limits;
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

  /** For who passed the gate's `checkCreate`. Throws `bad_request` when the name is in use, `limit_reached`. */
  async create(by: Owner, channel: string, isPrivate: boolean, members: string[]): Promise<void> {
    if (await this.#inUse(channel)) throw badRequest(`room "${channel}" exists already; choose another name`);
    const owner = by.principal.user ?? '';
    const room = { channel, owner, private: isPrivate, members: [...new Set([owner, ...members])] };
    this.#requireSeats(channel, room.members.length);
    this.#count(owner, 1);
    try {
      this.#requireRoom(owner);
      if (!(await this.#store.create(room))) {
        throw badRequest(`room "${channel}" exists already; choose another name`);
      }
      this.#put(room);
    } finally {
      this.#count(owner, -1);
    }
    await this.#hub.command({ op: 'room.create', room });
  }

  /** Throws `forbidden` unless the room is owned by this user, `limit_reached` when it is full. */
  async invite(by: Owner, channel: string, user: string): Promise<void> {
    const { members } = this.#ownedBy(by, channel);
    const isNew = !members.has(user);
    if (isNew) this.#requireSeats(channel, members.size + 1);
    members.add(user);
    try {
      await this.#store.admit(channel, user);
    } catch (thrown) {
      if (isNew) members.delete(user);
      throw thrown;
    }
    await this.#hub.command({ op: 'room.admit', channel, user });
  }

  /**
   * Guests of this name, or the user: never the one for the other. Throws `forbidden` unless the room is owned by this
   * user, `bad_request` for the owner itself.
   */
  async kick(by: Owner, channel: string, user: string, isGuest: boolean): Promise<void> {
    this.#ownedBy(by, channel);
    if (isGuest) {
      await this.#hub.command({ op: 'room.expel', channel, user, guest: true });
      return;
    }
    if (user === by.name) throw badRequest('user: the owner cannot be kicked from its own room');
    await this.#store.expel(channel, user);
    this.#rooms.get(channel)?.members.delete(user);
    await this.#hub.command({ op: 'room.expel', channel, user });
  }

  /** Throws `forbidden` unless the room is owned by this user. */
  async delete(by: Owner, channel: string): Promise<void> {
    await this.#remove(this.#ownedBy(by, channel));
  }

  /** For the operator, whoever owns it. False when it is no created room. */
  async remove(channel: string): Promise<boolean> {
    const room = this.#rooms.get(channel);
    if (room) await this.#remove(room);
    return room !== undefined;
  }

  /**
   * First everybody leaves, on every node, and nobody comes in any more. Without its record the channel is open to all,
   * so what was said in a private room goes before that does. When it ends halfway, it may be tried again.
   */
  async #remove({ channel, private: isPrivate }: OwnedRoom): Promise<void> {
    await this.#hub.command({ op: 'room.close', channel });
    if (isPrivate) await this.#hub.clearHistory(channel);
    await this.#store.remove(channel);
    await this.#hub.command({ op: 'room.delete', channel });
  }

  async #inUse(channel: string): Promise<boolean> {
    if (this.#rooms.has(channel) || this.#hub.local(channel)) return true;
    return (await this.#hub.position(channel)).offset > 0;
  }

  #ownedBy(by: Owner, channel: string): OwnedRoom {
    const room = this.#rooms.get(channel);
    if (room && by.principal.user === room.owner) return room;
    throw new FanwireError('forbidden', `only the owner of room "${channel}" may do this`);
  }

  #put(room: { channel: string; owner: string; private: boolean; members: readonly string[] }): void {
    if (!this.#rooms.has(room.channel)) this.#count(room.owner, 1);
    this.#rooms.set(room.channel, { ...room, members: new Set(room.members) });
  }

  #drop(channel: string): void {
    const room = this.#rooms.get(channel);
    if (!room) return;
    this.#rooms.delete(channel);
    this.#count(room.owner, -1);
  }

  #count(owner: string, more: 1 | -1): void {
    const count = (this.#owned.get(owner) ?? 0) + more;
    if (count > 0) this.#owned.set(owner, count);
    else this.#owned.delete(owner);
  }

  /** With the one that is about to be made counted. */
  #requireRoom(owner: string): void {
    const { roomsPerOwner } = this.#limits;
    if ((this.#owned.get(owner) ?? 0) <= roomsPerOwner) return;
    throw new FanwireError(
      'limit_reached',
      `you own ${roomsPerOwner} rooms, which is as many as you may: delete one first`,
    );
  }

  #requireSeats(channel: string, seats: number): void {
    const { membersPerRoom } = this.#limits;
    if (seats <= membersPerRoom) return;
    throw new FanwireError('limit_reached', `room "${channel}" may have ${membersPerRoom} members at most`);
  }

  #command(command: ControlCommand): void {
    const { op, room, channel, user, guest = false } = command as RoomCommand;
    if (op === 'room.create') this.#put(room);
    else if (op === 'room.admit') this.#rooms.get(channel)?.members.add(user);
    else if (op === 'room.expel') {
      if (!guest) this.#rooms.get(channel)?.members.delete(user);
      for (const listener of this.#expelListeners) listener(channel, user, guest);
    } else if (op === 'room.close') {
      this.#rooms.get(channel)?.members.clear();
      for (const listener of this.#expelListeners) listener(channel, null, false);
    } else if (op === 'room.delete') this.#drop(channel);
  }
}

interface RoomCommand extends ControlCommand {
  readonly room: { channel: string; owner: string; private: boolean; members: readonly string[] };
  readonly channel: string;
  readonly user: string;
  readonly guest?: boolean;
}
