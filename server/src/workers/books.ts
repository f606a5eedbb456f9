import { Tickets } from '../access/tickets.ts';
import type { Clock } from '../clock.ts';
import type { Settings } from '../config/settings.ts';
import { LocalOccupiedRooms } from '../dialect/chat/rooms.ts';
import { LocalRelayPlaces } from '../dialect/relay/places.ts';
import { Activity } from '../hub/activity.ts';

/** The books that all workers of a server share, on the thread of the primary. */
export class Books {
  readonly tickets: Tickets;
  readonly places: LocalRelayPlaces;
  readonly occupied = new LocalOccupiedRooms();
  readonly activity = new Activity();
  readonly users = new Users();

  constructor({ limits }: Settings, clock: Clock) {
    this.tickets = new Tickets({ clock });
    this.places = new LocalRelayPlaces(limits.connectionsPerRoom);
  }
}

/** Of each user name, how many workers have a connection of it, by transport. */
class Users {
  readonly #workers = new Map<string, Map<string, number>>();

  count(transport: string): number {
    return this.#workers.get(transport)?.size ?? 0;
  }

  change(transport: string, user: string, by: 1 | -1): void {
    const counts = this.#workers.get(transport) ?? new Map<string, number>();
    this.#workers.set(transport, counts);
    const count = (counts.get(user) ?? 0) + by;
    if (count > 0) counts.set(user, count);
    else counts.delete(user);
  }
}
