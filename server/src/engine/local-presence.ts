import type { Clock } from '../clock.ts';
import type { PresenceEvent, PresencePage, PresenceStore, PresentUser } from './engine.ts';

interface Entry {
  connections: number;
  readonly since: number;
}

/** The users of one channel. */
class Attendance {
  readonly users = new Map<string, Entry>();
  /** The names in order; made when a page is asked for, dropped when somebody comes or goes. */
  #sorted: string[] | undefined;

  changed(): void {
    this.#sorted = undefined;
  }

  /** In code-unit order, which is the order in which `<` compares cursors. */
  names(): readonly string[] {
    this.#sorted ??= [...this.users.keys()].sort();
    return this.#sorted;
  }
}

/**
 * Who is in a channel, for engines of a single process. There is no lease: when the process dies, so do the
 * connections and this record of them. A channel that nobody is in takes no memory.
 */
export class LocalPresence implements PresenceStore {
  readonly #clock: Clock;
  readonly #tell: (event: PresenceEvent) => void;
  readonly #channels = new Map<string, Attendance>();

  /** `tell` is called, before `join` or `leave` resolves, for a user's first and last connection only. */
  constructor(clock: Clock, tell: (event: PresenceEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Channels with somebody in them. */
  get size(): number {
    return this.#channels.size;
  }

  async join(channel: string, user: string): Promise<void> {
    let attendance = this.#channels.get(channel);
    if (attendance === undefined) {
      attendance = new Attendance();
      this.#channels.set(channel, attendance);
    }
    const entry = attendance.users.get(user);
    if (entry !== undefined) {
      entry.connections += 1;
      return;
    }
    const time = this.#clock.now();
    attendance.users.set(user, { connections: 1, since: time });
    attendance.changed();
    this.#tell({ channel, user, joined: true, time, count: attendance.users.size });
  }

  async leave(channel: string, user: string): Promise<void> {
    const attendance = this.#channels.get(channel);
    const entry = attendance?.users.get(user);
    if (attendance === undefined || entry === undefined) return;
    entry.connections -= 1;
    if (entry.connections > 0) return;
    attendance.users.delete(user);
    attendance.changed();
    const count = attendance.users.size;
    if (count === 0) this.#channels.delete(channel);
    this.#tell({ channel, user, joined: false, time: this.#clock.now(), count });
  }

  async page(channel: string, query: { limit: number; cursor?: string }): Promise<PresencePage> {
    const attendance = this.#channels.get(channel);
    if (attendance === undefined) return { users: [], total: 0 };
    const names = attendance.names();
    const start = query.cursor === undefined ? 0 : firstAfter(names, query.cursor);
    const users: PresentUser[] = [];
    for (const user of names.slice(start, start + query.limit)) {
      const entry = attendance.users.get(user);
      if (entry !== undefined) users.push({ user, connections: entry.connections, since: entry.since });
    }
    const last = users.at(-1);
    const page = { users, total: names.length };
    return last !== undefined && start + users.length < names.length ? { ...page, next: last.user } : page;
  }

  async count(channel: string): Promise<number> {
    return this.#channels.get(channel)?.users.size ?? 0;
  }

  /** Forgets everybody without a word, for an engine that closes. */
  clear(): void {
    this.#channels.clear();
  }
}

/** The index of the first name behind the cursor, whether or not the cursor's user is still there. */
function firstAfter(names: readonly string[], cursor: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') > cursor) high = middle;
    else low = middle + 1;
  }
  return low;
}
