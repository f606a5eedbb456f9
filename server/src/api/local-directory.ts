import { isReserved } from '../access/names.ts';
import type { Principal } from '../access/principal.ts';
import type { Clock } from '../clock.ts';
import type { ActivityBook, ActivityPoint } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { NameQuery } from '../hub/names.ts';
import type { Recipient } from '../hub/recipient.ts';
import type { Capacity, TransportName } from '../transport/capacity.ts';
import { Connection } from '../transport/connection.ts';
import type {
  ConnectionInfo,
  ConnectionPage,
  ConnectionQuery,
  Directory,
  ServerStats,
  StreamChange,
  TransportCount,
} from './directory.ts';

export interface LocalDirectoryParts {
  readonly hub: Hub;
  readonly capacity: Capacity;
  readonly activity: Pick<ActivityBook, 'page'>;
  readonly clock: Clock;
  readonly changeStream: Directory['changeStream'];
}

/** The connections of this thread. */
export class LocalDirectory implements Directory {
  readonly #parts: LocalDirectoryParts;

  constructor(parts: LocalDirectoryParts) {
    this.#parts = parts;
  }

  async stats(): Promise<ServerStats> {
    return {
      transports: { websocket: this.#count('websocket'), sse: this.#count('sse') },
      ...this.#parts.hub.counts,
    };
  }

  /** A filter looks at its matches only. */
  async connections({ user, channel, after, limit }: ConnectionQuery): Promise<ConnectionPage> {
    const { connections } = this.#parts.hub;
    if (user === undefined && channel === undefined) {
      return { connections: infos(connections.page(limit, after)), total: connections.size };
    }
    const matching = user === undefined ? this.#in(channel ?? '') : connections.ofUser(user);
    const found = channel === undefined ? matching : matching.filter((one) => one.subscriptions.has(channel));
    const later = found
      .filter(({ serial }) => serial > after)
      .sort((one, other) => one.serial - other.serial);
    return { connections: infos(later.slice(0, limit)), total: found.length };
  }

  async close(id: string): Promise<boolean> {
    const connection = this.#parts.hub.connections.get(id);
    if (!(connection instanceof Connection)) return false;
    connection.close('administrator');
    return true;
  }

  async connectionsOf(user: string): Promise<number> {
    return this.#parts.hub.connections.ofUser(user).length;
  }

  async subscribers(channels: readonly string[]): Promise<(number | null)[]> {
    return channels.map((channel) => this.#parts.hub.local(channel)?.size ?? null);
  }

  channelNames(query: NameQuery): Promise<string[]> {
    return this.#parts.hub.channelNames(query);
  }

  async activity(minutes: number, channel: string | undefined): Promise<readonly ActivityPoint[]> {
    const { activity, clock } = this.#parts;
    return activity.page(minutes, channel, clock.now());
  }

  changeStream(id: string, principal: Principal, change: StreamChange): Promise<{ channels: string[] }> {
    return this.#parts.changeStream(id, principal, change);
  }

  #count(transport: TransportName): TransportCount {
    const { hub, capacity } = this.#parts;
    return { total: capacity.count(transport), users: hub.connections.users(transport) };
  }

  #in(channel: string): Recipient[] {
    return [...(this.#parts.hub.local(channel)?.subscriptions() ?? [])].map(({ recipient }) => recipient);
  }
}

function infos(recipients: readonly Recipient[]): ConnectionInfo[] {
  return recipients.filter((recipient) => recipient instanceof Connection).map(infoOf);
}

function infoOf(connection: Connection): ConnectionInfo {
  const { id, user, dialect, transport, remoteAddress, connectedAt, outbox, serial } = connection;
  const { queuedMessages, queuedBytes } = outbox;
  const channels = [...connection.subscriptions.keys()].filter((name) => !isReserved(name));
  return {
    id,
    user,
    dialect,
    transport,
    remoteAddress,
    connectedAt,
    channels,
    queuedMessages,
    queuedBytes,
    serial,
  };
}
