import type { MessagePort } from 'node:worker_threads';
import type { OpenManagement } from '../access/management.ts';
import type { LocalDirectory } from '../api/local-directory.ts';
import type { Assembly } from '../assembly.ts';
import { assemble } from '../assembly.ts';
import { systemClock } from '../clock.ts';
import { type Commons, capacityLimits } from '../commons.ts';
import type { Settings } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import { Pipeline } from '../middleware/pipeline.ts';
import { createLog } from '../ops/log.ts';
import { logSink } from '../ops/log-sink.ts';
import type { Metrics } from '../ops/metrics.ts';
import { listen, type Server } from '../server.ts';
import { Capacity } from '../transport/capacity.ts';
import { Line } from './line.ts';
import { type SharedMemory, serials } from './memory.ts';
import type { PrimaryService } from './primary-service.ts';
import {
  RemoteActivity,
  RemoteCounts,
  RemoteOccupiedRooms,
  RemoteRelayPlaces,
  RemoteTickets,
} from './remote-books.ts';
import { RemoteDirectory } from './remote-directory.ts';
import { RemoteEngine } from './remote-engine.ts';
import { RemoteExposition } from './remote-exposition.ts';
import type { WorkerService } from './worker-service.ts';

/** What a worker is given to begin with. */
export interface WorkerOrder {
  /** From 1 on; its log lines carry it. */
  readonly number: number;
  readonly port: MessagePort;
  readonly settings: Settings;
  readonly management: OpenManagement;
  readonly capabilities: Engine['capabilities'];
  readonly memory: SharedMemory;
  /** Counters of its own connections, for the case that it dies. */
  readonly own: Int32Array;
}

/** What of a worker is there before its assembly. */
interface Ends {
  readonly engine: RemoteEngine;
  readonly places: RemoteRelayPlaces;
}

/** Serves connections on this thread; everything that is kept once for the server is behind the line. */
export function startWorker({
  number,
  port,
  settings,
  management,
  capabilities,
  memory,
  own,
}: WorkerOrder): void {
  const log = createLog(settings.log.level, logSink(settings.log.format), { worker: number });
  const line = new Line<PrimaryService>(port, (thrown) => {
    log.error({ error: String(thrown) }, 'a call between threads failed');
  });
  const engine = new RemoteEngine(line, capabilities);
  const places = new RemoteRelayPlaces(line);
  const assembling = assemble(settings, {
    log,
    clock: systemClock,
    management,
    extend: (report) => ({ pipeline: new Pipeline(report) }),
    commons: (): Commons => ({
      engine,
      activity: new RemoteActivity(line),
      connections: {
        nextSerial: serials(memory),
        onUser: (transport, user, here) => line.cast('user', transport, user, here),
      },
      fence: () => line.call('ask', 'fence', []),
      capacity: new Capacity(capacityLimits(settings), memory.taken, own),
      counts: new RemoteCounts(line),
      tickets: new RemoteTickets(line),
      books: { places, occupied: new RemoteOccupiedRooms(line) },
      directory: (local) => new RemoteDirectory(line, local),
      exposition: (metrics) => new RemoteExposition(line, metrics),
    }),
  });
  line.serve(new Seat({ engine, places }, assembling, management));
}

/** What the primary calls of this worker. */
class Seat implements WorkerService {
  readonly #ends: Ends;
  readonly #assembling: Promise<Assembly>;
  readonly #management: OpenManagement;
  #server: Promise<Server> | null = null;

  constructor(ends: Ends, assembling: Promise<Assembly>, management: OpenManagement) {
    this.#ends = ends;
    this.#management = management;
    this.#assembling = assembling;
    // Told to whoever calls `listen`.
    assembling.catch(() => {});
  }

  deliver(messages: Parameters<WorkerService['deliver']>[0]): void {
    this.#ends.engine.deliver(messages);
  }

  unsure(channel: string): void {
    this.#ends.engine.unsure(channel);
  }

  presenceChanged(event: Parameters<WorkerService['presenceChanged']>[0]): void {
    this.#ends.engine.presenceChanged(event);
  }

  exhaustedChanged(key: string, isExhausted: boolean): void {
    this.#ends.engine.exhaustedChanged(key, isExhausted);
  }

  replaced(holder: string): void {
    this.#ends.places.replaced(holder);
  }

  async listen(port: number): Promise<void> {
    const assembly = await this.#assembling;
    this.#server = listen(assembly, this.#management, { port, shared: true });
    await this.#server;
  }

  async settle(): Promise<void> {
    const { node } = await this.#assembling;
    node.capacity.close();
    await node.hub.settled();
  }

  async end(): Promise<void> {
    await (await this.#server)?.close();
  }

  /** The line keeps order: what was told before has been done. */
  async fence(): Promise<void> {}

  async subscriptions(): Promise<number> {
    return (await this.#assembling).node.hub.counts.subscriptions;
  }

  async connections(query: Parameters<WorkerService['connections']>[0]) {
    return (await this.#directory).connections(query);
  }

  async close(id: string): Promise<boolean> {
    return (await this.#directory).close(id);
  }

  async connectionsOf(user: string): Promise<number> {
    return (await this.#directory).connectionsOf(user);
  }

  async subscribers(channels: readonly string[]): Promise<(number | null)[]> {
    return (await this.#directory).subscribers(channels);
  }

  async changeStream(...given: Parameters<WorkerService['changeStream']>) {
    try {
      return await (await this.#directory).changeStream(...given);
    } catch (thrown) {
      if (thrown instanceof FanwireError && thrown.code === 'not_found') return null;
      throw thrown;
    }
  }

  async metrics(): ReturnType<Metrics['snapshot']> {
    return (await this.#assembling).metrics.snapshot();
  }

  get #directory(): Promise<LocalDirectory> {
    return this.#assembling.then(({ directory }) => directory);
  }
}
