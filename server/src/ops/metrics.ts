import { type Counter, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import type { Exposition } from '../api/meter.ts';
import { Backlog } from '../transport/backlog.ts';
import type { CapacityLimits } from '../transport/capacity.ts';
import { HttpMetrics } from './metrics-http.ts';
import { HttpLimitMetrics } from './metrics-http-limits.ts';
import { HubMetrics } from './metrics-hub.ts';
import { Maker } from './metrics-kit.ts';
import { LimitMetrics } from './metrics-limits.ts';
import { processRegistry } from './metrics-process.ts';
import { TransportMetrics } from './metrics-transport.ts';

/** What is asked for its figures when somebody scrapes. */
export interface Watched {
  readonly hub: { readonly counts: { readonly channels: number; readonly subscriptions: number } };
  readonly capacity: { readonly limits: CapacityLimits };
}

export interface BuildInfo {
  readonly version: string;
  readonly engine: string;
  readonly managementOpen: boolean;
}

/** Every metric with its values, in a form that passes between threads. */
export interface MetricsSnapshot {
  readonly server: MetricObjectWithValues<MetricValue<string>>[];
  readonly process: MetricObjectWithValues<MetricValue<string>>[];
}

/**
 * The metrics of one server. Labels have few values that are all ours: never a channel, a user, an id or a path as it
 * came. docs/metrics.md has them all; a test holds it to this.
 */
export class Metrics implements Exposition {
  readonly registry = new Registry();
  readonly hub: HubMetrics;
  readonly transport: TransportMetrics;
  readonly http: HttpMetrics;
  readonly httpLimits: HttpLimitMetrics;
  readonly limits: LimitMetrics;
  readonly backlog = new Backlog();
  readonly #faults: Counter;
  #watched: Watched | null = null;

  constructor(build: BuildInfo) {
    const make = new Maker(this.registry);
    this.transport = new TransportMetrics(make);
    this.limits = new LimitMetrics(make);
    this.hub = new HubMetrics(make);
    this.http = new HttpMetrics(make, this.transport.errors);
    this.httpLimits = new HttpLimitMetrics(make);
    make.sums(
      'fanwire_sent_bytes_total',
      'Bytes handed to connections, framing included: messages, and replies to one client.',
      'kind',
      () => ({ ...this.hub.bytes, reply: this.transport.replies }),
    );
    this.#addGauges(make);
    this.#faults = make.counter(
      'fanwire_internal_faults_total',
      'Faults that no client caused; each is in the log.',
    );
    make.info('fanwire_build_info', 'Always 1; the labels say what runs.', {
      version: build.version,
      node: process.version,
      engine: build.engine,
    });
    make.gauge(
      'fanwire_management_open',
      '1 while management needs no credentials, because no API key is set.',
      () => Number(build.managementOpen),
      'first',
    );
  }

  /** From now on the gauges say what these have. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  fault(): void {
    this.#faults.inc();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    return `${await this.registry.metrics()}\n${await processRegistry().metrics()}`;
  }

  async snapshot(): Promise<MetricsSnapshot> {
    return {
      server: await this.registry.getMetricsAsJSON(),
      process: await processRegistry().getMetricsAsJSON(),
    };
  }

  #addGauges(make: Maker): void {
    make.gauge('fanwire_workers', 'Threads that serve connections.', () => 1, 'first');
    make.counter('fanwire_worker_restarts_total', 'Workers that failed and were replaced.').inc(0);
    make.gauge(
      'fanwire_channels',
      'Channels with a subscriber on this node, the automatic ones included.',
      () => this.#watched?.hub.counts.channels ?? 0,
      'first',
    );
    make.gauge(
      'fanwire_subscriptions',
      'Subscriptions of connections to channels, the automatic ones included.',
      () => this.#watched?.hub.counts.subscriptions ?? 0,
    );
    make.settings('fanwire_connections_limit', 'Most connections that may be open.', 'transport', () => {
      const { websocket = 0, sse = 0, connections = 0 } = this.#watched?.capacity.limits ?? {};
      return { websocket, sse, all: connections };
    });
    make.gauge(
      'fanwire_backlog_connections',
      'Connections that do not take what is written to them at the moment.',
      () => this.backlog.sums.connections,
    );
    make.gauge(
      'fanwire_backlog_messages',
      'Messages that wait for those connections.',
      () => this.backlog.sums.messages,
    );
    make.gauge(
      'fanwire_backlog_bytes',
      'Bytes that wait for those connections.',
      () => this.backlog.sums.bytes,
    );
  }
}
