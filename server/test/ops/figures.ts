import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import type { TestServer } from '../support/server.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What one scrape said: the text format of Prometheus, read strictly. */
export class Figures {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** By name, as the `# TYPE` lines have it. */
  readonly types: ReadonlyMap<string, string>;

  constructor(text: string) {
    const lines = text.split('\n').filter((line) => line !== '');
    this.text = text;
    this.samples = lines.filter((line) => !line.startsWith('#')).map(readSample);
    const types = lines.map((line) => /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line));
    this.types = new Map(types.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
  }

  /** The sum over the series of this name that have these labels; 0 when there is none. */
  value(name: string, labels: Labels = {}): number {
    return this.samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** One text for each series, without its value. */
  get series(): string[] {
    return this.samples.map(({ name, labels }) => `${name}${JSON.stringify(labels)}`);
  }
}

function readSample(line: string): Sample {
  const match = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(match, `no sample: ${line}`);
  const [, name = '', list = '', value = ''] = match;
  const labels = [...list.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]);
  // Of no time at all the event loop's lag has no mean.
  assert.ok(Number.isFinite(Number(value)) || value === 'Nan', line);
  return { name, labels: Object.fromEntries(labels), value: Number(value) };
}

export async function scrape(fw: TestServer, headers: Labels = {}): Promise<Figures> {
  const response = await fetch(`${fw.url}/metrics`, { headers });
  assert.equal(response.status, 200);
  return new Figures(await response.text());
}

/** By how much a value grew between two scrapes. */
export type Growth = (name: string, labels?: Labels) => number;

/** Lets something happen between two scrapes. */
export async function growth(fw: TestServer, act: () => Promise<unknown>): Promise<Growth> {
  const before = await scrape(fw);
  await act();
  const after = await scrape(fw);
  return (name, labels) => after.value(name, labels) - before.value(name, labels);
}

/** Waits until a value is this one, for what a server notices by itself. */
export async function becomes(fw: TestServer, value: number, name: string, labels?: Labels): Promise<void> {
  await eventually(
    async () => (await scrape(fw)).value(name, labels) === value,
    `${name}${JSON.stringify(labels ?? {})} is ${value}`,
  );
}
