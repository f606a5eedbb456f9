import { FanwireError } from '../../errors.ts';
import type { Link } from '../dialect.ts';

/** Who is in which relay room on this node: the limit per room, and one connection per client id. */
export class RelayPlaces {
  readonly #limit: number;
  readonly #rooms = new Map<string, Set<Link>>();
  readonly #clients = new Map<string, Link>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws `room_full`. A client that replaces its own earlier connection takes that one's place, if it has one. */
  checkEntrance(room: string, clientId: string): void {
    const earlier = this.#clients.get(clientKey(room, clientId));
    if ((earlier && this.#rooms.get(room)?.has(earlier)) || !this.isFull(room)) return;
    throw new FanwireError(
      'room_full',
      `room "${room}" has its maximum of ${this.#limit} connections; try again later`,
    );
  }

  isFull(room: string): boolean {
    return (this.#rooms.get(room)?.size ?? 0) >= this.#limit;
  }

  enter(room: string, link: Link): void {
    const links = this.#rooms.get(room);
    if (links) links.add(link);
    else this.#rooms.set(room, new Set([link]));
  }

  leave(room: string, link: Link): void {
    const links = this.#rooms.get(room);
    links?.delete(link);
    if (links?.size === 0) this.#rooms.delete(room);
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
