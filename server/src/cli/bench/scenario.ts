import type { Endpoint } from '../../load/endpoint.ts';
import type { Jobs } from '../../load/job.ts';
import type { Latency } from '../../load/latency.ts';
import type { LoadProcess } from '../../load/load-process.ts';
import type { UsageBetween } from '../../load/usage.ts';
import type { Api } from '../remote/api.ts';
import type { BenchOptions } from './options.ts';

/** What a scenario measures with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly server: Endpoint;
  /** The same server, for what is asked beside the load. */
  readonly api: Api;
  readonly load: LoadProcess<Jobs>;
  /** A channel that nobody else has, and no other scenario. */
  readonly channel: string;
  /** All that the load may take, milliseconds. */
  readonly patience: number;
}

export interface Scenario {
  /** What the throughput counts, as in `deliveries/s`. */
  readonly unit: string;
  /** The setting of the server beside MAX_CONNECTIONS_TOTAL that limits its connections; null for HTTP. */
  readonly limit: 'WEBSOCKET_MAX_CONNECTIONS' | 'SSE_MAX_CONNECTIONS' | null;
  /** Asks the server whether it would be let to. Throws a Failure that says what is missing. */
  check?(bench: Bench): Promise<void>;
  measure(bench: Bench): Promise<Measurement>;
}

export interface Measurement {
  /** Of the scenario's unit. */
  readonly throughput: number;
  readonly latency: Latency;
  readonly usage: UsageBetween;
  /** Messages that did not arrive, or clients that did not get everything; null where nothing can be lost. */
  readonly lost: number | null;
  /** What was wrong, in words; empty for a server that does what it should. */
  readonly faults: readonly string[];
  /** What a reader should know of the figures, in words. */
  readonly remarks: readonly string[];
  /** The scenario's own options and figures, for JSON. */
  readonly details: Readonly<Record<string, unknown>>;
}
