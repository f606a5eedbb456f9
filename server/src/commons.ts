import { type Counts, LocalCounts } from './access/limits/counts.ts';
import { type TicketBook, Tickets } from './access/tickets.ts';
import type { Directory } from './api/directory.ts';
import type { LocalDirectory } from './api/local-directory.ts';
import type { Exposition } from './api/meter.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import { LocalOccupiedRooms } from './dialect/chat/rooms.ts';
import type { SharedBooks } from './dialect/dialect.ts';
import { LocalRelayPlaces } from './dialect/relay/places.ts';
import type { Engine } from './engine/engine.ts';
import { createEngine } from './engines.ts';
import type { UnknownErrorReporter } from './errors.ts';
import { Activity, type ActivityBook } from './hub/activity.ts';
import type { RegistryOptions } from './hub/registry.ts';
import { type DescriptorNeeds, shareDescriptors } from './ops/descriptors.ts';
import type { Metrics } from './ops/metrics.ts';
import { Capacity, type CapacityLimits } from './transport/capacity.ts';
import type { HttpLimits } from './transport/http/door.ts';

/** What all connections of a server have in common, whichever of its threads they are on. */
export interface Commons {
  readonly engine: Engine;
  readonly activity: ActivityBook;
  readonly connections: RegistryOptions;
  /** Resolves when every thread has done what it was told until now. */
  readonly fence?: () => Promise<unknown>;
  readonly capacity: Capacity;
  /** Connections by address and by user. */
  readonly counts: Counts;
  readonly tickets: TicketBook;
  readonly books: SharedBooks;
  /** Of what this thread knows of its own connections, makes what the server knows of all. */
  directory(own: LocalDirectory): Directory;
  exposition(own: Metrics): Exposition;
}

export type CommonsMaker = (settings: Settings, clock: Clock, report: UnknownErrorReporter) => Commons;

/** For a server whose connections are all on this thread. */
export const localCommons: CommonsMaker = (settings, clock, report) => ({
  engine: createEngine(settings, clock, report),
  connections: {},
  capacity: new Capacity(capacityLimits(settings)),
  ...keepBooks(settings, clock),
  directory: (own) => own,
  exposition: (own) => own,
});

/** The books themselves, which a server has once. */
export function keepBooks({ limits }: Settings, clock: Clock) {
  return {
    activity: new Activity(),
    counts: new LocalCounts(),
    tickets: new Tickets({ clock }),
    books: { places: new LocalRelayPlaces(limits.connectionsPerRoom), occupied: new LocalOccupiedRooms() },
  };
}

/** What a thread of the server may hold by HTTP: its share. */
export function httpLimits(settings: Settings): HttpLimits {
  const { requests, unreadBytes, sendTimeout } = settings.http;
  const { workers } = settings.listen;
  return {
    ...shareDescriptors(descriptorNeeds(settings)),
    requests: Math.max(1, Math.floor(requests / workers)),
    unreadBytes: Math.floor(unreadBytes / workers),
    sendTimeout,
  };
}

export function descriptorNeeds({ limits, http, listen }: Settings): DescriptorNeeds {
  return { connections: limits.connections, http: http.connections, workers: listen.workers };
}

export function capacityLimits({ limits, websocket, sse }: Settings): CapacityLimits {
  return {
    connections: limits.connections,
    websocket: websocket.maxConnections,
    sse: sse.maxConnections,
  };
}
