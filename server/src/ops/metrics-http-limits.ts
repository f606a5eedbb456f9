import type { Counter } from 'prom-client';
import type { Cut, CutMeter, HttpFigures } from '../transport/http/meter.ts';
import type { Maker } from './metrics-kit.ts';

const cuts: readonly Cut[] = ['idle', 'full', 'requests', 'unread', 'deadline'];

/** What is asked for its figures when somebody scrapes. */
export interface WatchedDoor {
  readonly figures: HttpFigures;
  readonly limits: { readonly connections: number };
}

/** Connections by HTTP and what they hold. */
export class HttpLimitMetrics implements CutMeter {
  readonly #cuts: Counter<'reason'>;
  #watched: WatchedDoor | null = null;

  constructor(make: Maker) {
    make.gauge(
      'fanwire_http_connections',
      'Open connections that are neither a WebSocket nor an event stream.',
      () => this.#watched?.figures.connections ?? 0,
    );
    make.gauge(
      'fanwire_http_connections_limit',
      'Most of those that may be open.',
      () => this.#watched?.limits.connections ?? 0,
    );
    make.gauge(
      'fanwire_http_requests_unanswered',
      'Requests that have no answer yet, upgrades included.',
      () => this.#watched?.figures.requests ?? 0,
    );
    make.gauge(
      'fanwire_http_unread_bytes',
      'Bytes of answers that clients do not read, beyond what the kernel took.',
      () => this.#watched?.figures.unreadBytes ?? 0,
    );
    this.#cuts = make.counter('fanwire_http_cuts_total', 'Connections by HTTP that a limit cut.', 'reason');
    for (const reason of cuts) this.#cuts.inc({ reason }, 0);
  }

  /** From now on the gauges say what it has. */
  watch(door: WatchedDoor): void {
    this.#watched = door;
  }

  cut(reason: Cut): void {
    this.#cuts.inc({ reason });
  }
}
