import type { Room, RoomStore } from '../engine.ts';

export class MemoryRooms implements RoomStore {
  readonly #rooms = new Map<string, Room>();

  async all(): Promise<Room[]> {
    return [...this.#rooms.values()];
  }

  has(channel: string): boolean {
    return this.#rooms.has(channel);
  }

  async create(room: Room): Promise<boolean> {
    if (this.#rooms.has(room.channel)) return false;
    this.#replace(room, new Set(room.members));
    return true;
  }

  async admit(channel: string, user: string): Promise<void> {
    const room = this.#rooms.get(channel);
    if (room !== undefined) this.#replace(room, new Set([...room.members, user]));
  }

  async expel(channel: string, user: string): Promise<void> {
    const room = this.#rooms.get(channel);
    if (room !== undefined)
      this.#replace(
        room,
        room.members.filter((member) => member !== user),
      );
  }

  async remove(channel: string): Promise<boolean> {
    return this.#rooms.delete(channel);
  }

  clear(): void {
    this.#rooms.clear();
  }

  /** Records that were handed out never change: a change is a new record. */
  #replace(room: Room, members: Iterable<string>): void {
    this.#rooms.set(room.channel, { ...room, members: [...members] });
  }
}
