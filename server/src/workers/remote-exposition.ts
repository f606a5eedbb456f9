import { AggregatorRegistry } from 'prom-client';
import type { Exposition } from '../api/meter.ts';
import type { Metrics, MetricsSnapshot } from '../ops/metrics.ts';
import type { BookService, Totals } from './book-service.ts';
import type { Line } from './line.ts';

/** What Prometheus names that belongs to the process: every thread of it says the same. */
const ofProcess = /^process_/;

/** The metrics of all workers, put together as each metric says: most are summed up. */
export class RemoteExposition implements Exposition {
  readonly #line: Line<BookService>;
  readonly #own: Metrics;

  constructor(line: Line<BookService>, own: Metrics) {
    this.#line = line;
    this.#own = own;
  }

  get contentType(): string {
    return this.#own.contentType;
  }

  async text(): Promise<string> {
    const totals = await this.#line.call('totals');
    const snapshots = await this.#line.call('metrics');
    const servers = snapshots.map((one) => whole(one.server, totals));
    const server = AggregatorRegistry.aggregate([...servers, ofPrimary(servers[0] ?? [], totals)]);
    const threads = snapshots.map(({ process }) => process.filter(({ name }) => !ofProcess.test(name)));
    const process = (snapshots[0]?.process ?? []).filter(({ name }) => ofProcess.test(name));
    const texts = [
      server.metrics(),
      AggregatorRegistry.aggregate([process.map(asItIs)]).metrics(),
      AggregatorRegistry.aggregate(threads).metrics(),
    ];
    return (await Promise.all(texts)).join('\n');
  }
}

/** What the primary counts of itself, as one more worker would say it. */
function ofPrimary(metrics: MetricsSnapshot['server'], { faults }: Totals): MetricsSnapshot['server'] {
  return metrics
    .filter(({ name }) => name === 'fanwire_internal_faults_total')
    .map((metric) => ({ ...metric, values: [{ value: faults, labels: {} }] }));
}

/** Of processes the library would leave out what has no sum, their start; here there is one. */
function asItIs(metric: MetricsSnapshot['process'][number]): MetricsSnapshot['process'][number] {
  return { ...metric, aggregator: 'first' };
}

/** With those figures that are no sum over the workers. */
function whole(metrics: MetricsSnapshot['server'], totals: Totals): MetricsSnapshot['server'] {
  const figures = new Map([
    ['fanwire_channels', totals.channels],
    ['fanwire_workers', totals.workers],
    ['fanwire_worker_restarts_total', totals.restarts],
  ]);
  return metrics.map((metric) => {
    const value = figures.get(metric.name);
    return value === undefined ? metric : { ...metric, aggregator: 'first', values: [{ value, labels: {} }] };
  });
}
