import { guestKey } from '../guests.ts';
import type { Recipient } from './recipient.ts';

/** A recipient that says how its bytes travel: its user is counted under that name. */
type Travelling = Recipient & { readonly transport?: string };

export interface RegistryOptions {
  /** Numbers connections in the order of their coming. @default 1, 2, … */
  readonly nextSerial?: () => number;
  /** Told of a user name's first connection by a transport (`here`), and when its last has gone. */
  readonly onUser?: (transport: string, user: string, here: boolean) => void;
}

/** The node's connections: by id, by user, and in the order of their coming for paging without a scan. */
export class Registry {
  readonly #byId = new Map<string, Recipient>();
  /** Of verified users by their id, of guests with a name by its key. */
  readonly #byKey = new Map<string, Set<Recipient>>();
  /** By transport: how many connections each user name has. */
  readonly #users = new Map<string, Map<string, number>>();
  /** Serial numbers in ascending order, and at the same place who has it, or null when it has left. */
  #serials: number[] = [];
  #places: (Recipient | null)[] = [];
  #holes = 0;
  readonly #nextSerial: () => number;
  readonly #onUser: RegistryOptions['onUser'];

  constructor({ nextSerial = counter(), onUser }: RegistryOptions = {}) {
    this.#nextSerial = nextSerial;
    this.#onUser = onUser;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Recipient | undefined {
    return this.#byId.get(id);
  }

  /** Connections of a verified user. */
  ofUser(user: string): readonly Recipient[] {
    return [...(this.#byKey.get(user) ?? [])];
  }

  /** Connections of nobody known that claim this name. */
  ofGuest(name: string): readonly Recipient[] {
    return this.ofUser(guestKey(name));
  }

  /** Different user names among the connections of one transport. */
  users(transport: string): number {
    return this.#users.get(transport)?.size ?? 0;
  }

  all(): Iterable<Recipient> {
    return this.#byId.values();
  }

  add(recipient: Recipient): void {
    this.#byId.set(recipient.id, recipient);
    recipient.serial = this.#nextSerial();
    this.#serials.push(recipient.serial);
    this.#places.push(recipient);
    const key = keyOf(recipient);
    if (key === null) return;
    this.#countUser(recipient, key, 1);
    const peers = this.#byKey.get(key);
    if (peers) peers.add(recipient);
    else this.#byKey.set(key, new Set([recipient]));
  }

  remove(recipient: Recipient): void {
    if (!this.#byId.delete(recipient.id)) return;
    this.#places[this.#seek(recipient.serial)] = null;
    if (++this.#holes > 64 && this.#holes * 2 > this.#places.length) this.#compact();
    const key = keyOf(recipient);
    if (key === null) return;
    this.#countUser(recipient, key, -1);
    const peers = this.#byKey.get(key);
    peers?.delete(recipient);
    if (peers?.size === 0) this.#byKey.delete(key);
  }

  /** Up to `limit` connections whose serial is above `after`, in the order of their coming. */
  page(limit: number, after: number): Recipient[] {
    const page: Recipient[] = [];
    for (let place = this.#seek(after + 1); place < this.#places.length && page.length < limit; place++) {
      const recipient = this.#places[place];
      if (recipient) page.push(recipient);
    }
    return page;
  }

  #countUser({ transport }: Travelling, user: string, change: 1 | -1): void {
    if (transport === undefined) return;
    const counts = this.#users.get(transport) ?? new Map<string, number>();
    this.#users.set(transport, counts);
    const count = (counts.get(user) ?? 0) + change;
    if (count > 0) counts.set(user, count);
    else counts.delete(user);
    if (count === 0 || (count === 1 && change === 1)) this.#onUser?.(transport, user, change === 1);
  }

  #compact(): void {
    this.#places = this.#places.filter((recipient) => recipient !== null);
    this.#serials = this.#places.map((recipient) => recipient?.serial ?? 0);
    this.#holes = 0;
  }

  /** The first place whose serial is this one or above it. */
  #seek(serial: number): number {
    let low = 0;
    let high = this.#serials.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#serials[middle] ?? serial) < serial) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function counter(): () => number {
  let last = 0;
  return () => ++last;
}

function keyOf({ user, verifiedUser }: Recipient): string | null {
  return verifiedUser ?? (user === null ? null : guestKey(user));
}
