import type { Counter } from 'prom-client';
import { type LimitHolder, type LimitMeter, type LimitName, limitsByHolder } from '../access/limits/bites.ts';
import type { Maker } from './metrics-kit.ts';

/** Refusals by the limits of connections, addresses and users. */
export class LimitMetrics implements LimitMeter {
  readonly #limited: Counter<'limit' | 'of'>;

  constructor(make: Maker) {
    this.#limited = make.counter(
      'fanwire_limited_total',
      'Frames, requests and connections that were refused because a client was over a limit, or in a network that is not served.',
      'limit',
      'of',
    );
    for (const [limit, holders] of Object.entries(limitsByHolder)) {
      for (const of of holders) this.#limited.inc({ limit, of }, 0);
    }
  }

  limited(limit: LimitName, of: LimitHolder): void {
    this.#limited.inc({ limit, of });
  }
}
