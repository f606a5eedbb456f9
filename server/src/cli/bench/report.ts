import { type ListForm, Output } from '../output/output.ts';
import { milliseconds, percent, short } from './figures.ts';
import type { BenchOptions, ScenarioName } from './options.ts';
import { isLoadBound, remarksOn } from './remarks.ts';
import type { Measurement } from './scenario.ts';

/** One scenario, measured. */
export interface Row {
  readonly name: ScenarioName;
  readonly unit: string;
  readonly channel: string;
  readonly measurement: Measurement;
}

/** Prints results: for people as one table at the end, in a pipe as each comes. */
export class Report {
  readonly #output: Output;
  readonly #options: BenchOptions;
  /** As messages show it. */
  readonly #url: string;
  readonly #rows: Row[] = [];

  constructor(options: BenchOptions, url: string) {
    this.#output = new Output(options);
    this.#options = options;
    this.#url = url;
  }

  /** What is measured now, on a terminal; the next line overwrites it. */
  progress(text: string): void {
    if (process.stderr.isTTY && !this.#output.json) process.stderr.write(`\r\u001b[K${text}`);
  }

  add(row: Row): void {
    this.#rows.push(row);
    if (this.#output.json) this.#output.line(this.#json(row));
  }

  end(): void {
    this.progress('');
    if (!this.#output.json && this.#rows.length > 0) this.#output.list(this.#rows, this.#form());
    for (const { name, measurement } of this.#rows) {
      for (const remark of remarksOn(measurement)) this.#output.note(`${name}: ${remark}`);
    }
  }

  #form(): ListForm<Row> {
    return {
      columns: [
        { title: 'SCENARIO' },
        { title: 'CONNECTIONS', right: true },
        { title: 'THROUGHPUT', right: true },
        { title: 'P50', right: true },
        { title: 'P99', right: true },
        { title: 'P99.9', right: true },
        { title: 'LOST', right: true },
        { title: 'LOAD CPU', right: true },
      ],
      empty: '',
      cells: ({ name, unit, measurement: { throughput, latency, lost, usage } }) => [
        name,
        String(this.#options.connections),
        `${short(throughput)} ${unit}`,
        milliseconds(latency.p50),
        milliseconds(latency.p99),
        milliseconds(latency.p999),
        lost === null ? '-' : String(lost),
        percent(usage.loadUtilisation),
      ],
      json: (row) => this.#json(row),
    };
  }

  #json({ name, unit, channel, measurement }: Row): string {
    const { connections, bytes } = this.#options;
    const { throughput, latency, usage, lost, faults, details } = measurement;
    return JSON.stringify({
      scenario: name,
      url: this.#url,
      channel,
      connections,
      content_bytes: bytes,
      seconds: usage.seconds,
      throughput,
      unit,
      latency_ms: latency,
      lost,
      ...details,
      faults,
      remarks: remarksOn(measurement),
      load_cpu: usage.loadUtilisation,
      load_bound: isLoadBound(measurement),
    });
  }
}
