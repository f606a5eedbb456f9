import { AggregatorRegistry } from 'prom-client';
import type { MetricsSnapshot } from '../ops/metrics.ts';

type Figures = MetricsSnapshot['server'];

/** What workers had counted that are gone, so that what only ever grows does not shrink with them. */
export class Departed {
  #counted: Promise<Figures> = Promise.resolve([]);

  /** As the worker said when it was asked last: what it counted after that nobody knows. */
  add(figures: Figures): void {
    const growing = figures.filter(({ type }) => `${type}` === 'counter' || `${type}` === 'histogram');
    this.#counted = this.#counted.then((before) =>
      AggregatorRegistry.aggregate([before, growing]).getMetricsAsJSON(),
    );
  }

  /** Of all of them together. */
  get counted(): Promise<Figures> {
    return this.#counted;
  }
}
