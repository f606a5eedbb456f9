import { type LimitHolder, type LimitMeter, type LimitName, limitsByHolder } from '../access/limits/bites.ts';
import type { Maker } from './metrics-kit.ts';

/** Refusals by the limits of connections, addresses and users. */
export class LimitMetrics implements LimitMeter {
  /** Plain numbers, because a flood is counted here frame by frame. */
  readonly #sums = new Map(rows().map((row) => [row.limit, new Map<LimitHolder, number>()]));

  constructor(make: Maker) {
    make.table(
      'fanwire_limited_total',
      'Frames, requests and connections that were refused because a client was over a limit, or in a network that is not served.',
      ['limit', 'of'],
      () =>
        rows().map(({ limit, of }) => ({ labels: { limit, of }, sum: this.#sums.get(limit)?.get(of) ?? 0 })),
    );
  }

  limited(limit: LimitName, of: LimitHolder): void {
    const sums = this.#sums.get(limit);
    sums?.set(of, (sums.get(of) ?? 0) + 1);
  }
}

interface Row {
  readonly limit: LimitName;
  readonly of: LimitHolder;
}

function rows(): Row[] {
  const limits = Object.keys(limitsByHolder) as LimitName[];
  return limits.flatMap((limit) => limitsByHolder[limit].map((of) => ({ limit, of })));
}
