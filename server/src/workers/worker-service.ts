import type { Principal } from '../access/principal.ts';
import type { ConnectionPage, ConnectionQuery, StreamChange } from '../api/directory.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { EngineNews } from './engine-service.ts';

/** What a worker is asked about its own connections. */
export interface WorkerQueries {
  fence(): Promise<void>;
  subscriptions(): Promise<number>;
  connections(query: ConnectionQuery): Promise<ConnectionPage>;
  close(id: string): Promise<boolean>;
  connectionsOf(user: string): Promise<number>;
  subscribers(channels: readonly string[]): Promise<(number | null)[]>;
  /** Null when the stream is none of this worker's. */
  changeStream(
    id: string,
    principal: Principal,
    change: StreamChange,
  ): Promise<{ channels: string[] } | null>;
}

/** What the primary calls of a worker over its line. */
export interface WorkerService extends EngineNews, WorkerQueries {
  /** A relay connection has to go, because the same client came again. */
  replaced(holder: string): void;
  /** Serves connections on this port, which other workers serve as well. */
  listen(port: number): Promise<void>;
  /** Lets nobody in any more; resolves when everything published so far is committed and delivered. */
  settle(): Promise<void>;
  /** Tells everybody to go; resolves when all have gone. */
  end(): Promise<void>;
  metrics(): Promise<MetricsSnapshot>;
}
