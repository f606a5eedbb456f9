import type { Registry } from 'prom-client';
import { markdownTable } from '../config/table.ts';
import { Metrics } from './metrics.ts';

/** What a registry says of a metric; the types of prom-client leave out the labels, and `type` is a text. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly labelNames: readonly string[];
}

/** Every metric of the registry, in the order in which it is exposed. */
export function describe(registry: Registry): Described[] {
  return registry.getMetricsAsArray() as unknown as Described[];
}

/** The Markdown table of Fanwire's own metrics. */
export function metricsTable(): string {
  const { registry } = new Metrics({ version: '', engine: '', managementOpen: false });
  const lines = describe(registry).map(({ name, type, labelNames, help }) => [
    `\`${name}\``,
    String(type),
    labelNames.map((label) => `\`${label}\``).join(', '),
    unit(name),
    help,
  ]);
  return markdownTable(['Name', 'Type', 'Labels', 'Unit', 'Meaning'], lines);
}

/** By Prometheus' rule the name ends with the unit, and a counter's with `_total` behind it. */
function unit(name: string): string {
  if (/_seconds$/.test(name)) return 'seconds';
  if (/_bytes(_total)?$/.test(name)) return 'bytes';
  return /_(info|open)$/.test(name) ? 'none' : 'count';
}
