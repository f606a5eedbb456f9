/** The rooms that chat clients of the server are in. */
export interface OccupiedRooms {
  /** One more client is in it. Whoever lists the rooms once this has resolved finds it among them. */
  enter(room: string): void | Promise<void>;
  leave(room: string): void;
  /** In the order in which they came to life. */
  names(): Iterable<string> | Promise<Iterable<string>>;
}

/** The list itself. */
export class LocalOccupiedRooms implements OccupiedRooms {
  readonly #rooms = new Map<string, number>();

  enter(room: string): void {
    this.#rooms.set(room, (this.#rooms.get(room) ?? 0) + 1);
  }

  leave(room: string): void {
    const left = (this.#rooms.get(room) ?? 1) - 1;
    if (left > 0) this.#rooms.set(room, left);
    else this.#rooms.delete(room);
  }

  names(): Iterable<string> {
    return this.#rooms.keys();
  }
}
