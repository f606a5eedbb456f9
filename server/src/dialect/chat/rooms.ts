/** The rooms that chat clients of this node are in, in the order in which they came to life. */
export class OccupiedRooms {
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
