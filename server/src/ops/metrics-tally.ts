/** How many values fell into each bucket, and their sum. */
export class Tally {
  readonly #bounds: readonly number[];
  /** By bucket; the last one has what is above every bound. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (value > (this.#bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** As Prometheus has it: each bucket holds those below it, too. */
  *lines(name: string, labels: Labels): Generator<Line> {
    let count = 0;
    for (const [at, more] of this.#counts.entries()) {
      count += more;
      yield {
        metricName: `${name}_bucket`,
        labels: { le: this.#bounds[at] ?? '+Inf', ...labels },
        value: count,
      };
    }
    yield { metricName: `${name}_sum`, labels, value: this.#sum };
    yield { metricName: `${name}_count`, labels, value: count };
  }
}

type Labels = Readonly<Record<string, string | number>>;

interface Line {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/**
 * A histogram for the registry of prom-client. The library's own checks and hashes the labels of every value; here
 * whoever counts keeps the tally of its labels.
 */
export class Tallies<Label extends string = never> {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly #bounds: readonly number[];
  readonly #tallies: { readonly tally: Tally; readonly labels: Labels }[] = [];

  constructor(name: string, help: string, bounds: readonly number[], labelNames: readonly Label[]) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#bounds = bounds;
  }

  /** A new one; to be made once for the same labels. */
  add(labels: Readonly<Record<Label, string>>): Tally {
    const tally = new Tally(this.#bounds);
    this.#tallies.push({ tally, labels });
    return tally;
  }

  /** Asked by the registry when somebody scrapes. */
  async get() {
    const { name, help, type, aggregator } = this;
    const values = this.#tallies.flatMap(({ tally, labels }) => [...tally.lines(name, labels)]);
    return { name, help, type, aggregator, values };
  }
}
