import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import { Tallies, type Tally } from './metrics-tally.ts';

/** Seconds: from the commit of one message in memory to what a frozen disk takes. */
export const durations = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** How the values of several threads become one. */
export type Across = 'sum' | 'first';

/** A value for each value of the label. */
type ByLabel = Readonly<Record<string, number>>;

/** Makes the metrics of one registry. Those with `read` are asked for when somebody scrapes, and cost nothing else. */
export class Maker {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  counter<Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  histogram(name: string, help: string, bounds: readonly number[]): Tally {
    return this.histograms(name, help, bounds).add({});
  }

  histograms<Label extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    ...labelNames: Label[]
  ): Tallies<Label> {
    const tallies = new Tallies(name, help, bounds, labelNames);
    // The types know the library's own classes only; its registry asks for no more than these have.
    for (const register of this.#registers) register.registerMetric(tallies as unknown as Metric);
    return tallies;
  }

  /** A counter of sums that are kept elsewhere, by one label. */
  sums(name: string, help: string, label: string, read: () => ByLabel): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: this.#registers,
      collect() {
        this.reset();
        for (const [value, sum] of Object.entries(read())) this.inc({ [label]: value }, sum);
      },
    });
  }

  /** The same by several labels. */
  table<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    read: () => readonly { readonly labels: Readonly<Record<Label, string>>; readonly sum: number }[],
  ): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        this.reset();
        for (const { labels, sum } of read()) this.inc(labels, sum);
      },
    });
  }

  /** `across` says what several threads' values are together. */
  gauge(name: string, help: string, read: () => number, across: Across = 'sum'): void {
    new Gauge({
      name,
      help,
      aggregator: across,
      registers: this.#registers,
      collect() {
        this.set(read());
      },
    });
  }

  /** Every thread has the same values. */
  settings(name: string, help: string, label: string, read: () => ByLabel): void {
    new Gauge({
      name,
      help,
      aggregator: 'first',
      labelNames: [label],
      registers: this.#registers,
      collect() {
        for (const [value, now] of Object.entries(read())) this.set({ [label]: value }, now);
      },
    });
  }

  /** A gauge that is always 1: its labels say it. */
  info(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    const labelNames = Object.keys(labels);
    new Gauge({ name, help, labelNames, aggregator: 'first', registers: this.#registers }).set(labels, 1);
  }

  /** A gauge that goes up and down as things come and go. */
  level<Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }
}
