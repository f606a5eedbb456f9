import { FanwireError } from '../../errors.ts';
import type { Link } from '../dialect.ts';

/** Who is in which relay room on this node: the limit per room, and one connection per client id. */
export class RelayPlaces {
  readonly #limit: number;
  readonly #rooms = new Map<string, number>();
  readonly #clients = new Map<string, Link>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws `room_full`. A client that replaces its own earlier connection takes that one's place. */
  checkEntrance(room: string, clientId: string): void {
    if (this.#clients.has(clientKey(room, clientId)) || !this.isFull(room)) return;
    throw new FanwireError(
      'room_full',
      `room "${room}" has its maximum of ${this.#limit} connections; try again later`,
    );
  }

  isFull(room: string): boolean {
    return (this.#rooms.get(room) ?? 0) >= this.#limit;
  }

  enter(room: string): void {
    this.#rooms.set(room, (this.#rooms.get(room) ?? 0) + 1);
  }

  leave(room: string): void {
    const left = (this.#rooms.get(room) ?? 1) - 1;
    if (left > 0) this.#rooms.set(room, left);
    else this.#rooms.delete(room);
  }

  /** The earlier connection of the same client in the same room, which is replaced by this one. */
  claim(room: string, clientId: string, link: Link): Link | undefined {
    const key = clientKey(room, clientId);
    const earlier = this.#clients.get(key);
    this.#clients.set(key, link);
    return earlier;
  }

  release(room: string, clientId: string, link: Link): void {
    const key = clientKey(room, clientId);
    if (this.#clients.get(key) === link) this.#clients.delete(key);
  }
}

/** Neither part can hold a control character. */
function clientKey(room: string, clientId: string): string {
  return `${room}\n${clientId}`;
}
