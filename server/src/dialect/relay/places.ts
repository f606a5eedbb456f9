/** Told that a connection has to go, because the same client came again. */
export type ReplacedListener = (holder: string) => void;

/**
 * Who is in which relay room of the server: the limit per room, and one connection per client id. Holders are
 * connection ids.
 */
export interface RelayPlaces {
  /**
   * Takes a place; false when there is none. With `clientId`: that client may enter a full room, if the connection that
   * it replaces has a place there.
   */
  enter(room: string, holder: string, clientId?: string): boolean | Promise<boolean>;
  leave(room: string, holder: string): void;
  /** An earlier connection of the same client in the same room is told to go. */
  claim(room: string, clientId: string, holder: string): void;
  release(room: string, clientId: string, holder: string): void;
  onReplaced(listener: ReplacedListener): void;
}

/** The places themselves. */
export class LocalRelayPlaces implements RelayPlaces {
  readonly #limit: number;
  readonly #rooms = new Map<string, Set<string>>();
  readonly #clients = new Map<string, string>();
  readonly #listeners: ReplacedListener[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  enter(room: string, holder: string, clientId?: string): boolean {
    const holders = this.#rooms.get(room);
    if (!holders) {
      this.#rooms.set(room, new Set([holder]));
      return true;
    }
    const earlier = clientId === undefined ? undefined : this.#clients.get(clientKey(room, clientId));
    const replaces = earlier !== undefined && holders.has(earlier);
    if (holders.size >= this.#limit && !replaces) return false;
    holders.add(holder);
    return true;
  }

  leave(room: string, holder: string): void {
    const holders = this.#rooms.get(room);
    holders?.delete(holder);
    if (holders?.size === 0) this.#rooms.delete(room);
  }

  claim(room: string, clientId: string, holder: string): void {
    const key = clientKey(room, clientId);
    const earlier = this.#clients.get(key);
    this.#clients.set(key, holder);
    if (earlier === undefined) return;
    for (const listener of this.#listeners) listener(earlier);
  }

  release(room: string, clientId: string, holder: string): void {
    const key = clientKey(room, clientId);
    if (this.#clients.get(key) === holder) this.#clients.delete(key);
  }

  onReplaced(listener: ReplacedListener): void {
    this.#listeners.push(listener);
  }
}

/** Neither part can hold a control character. */
function clientKey(room: string, clientId: string): string {
  return `${room}\n${clientId}`;
}
