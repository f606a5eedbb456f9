import { readdir } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** They list every socket of the process to count them, which takes long where there are many. */
const unbounded = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];

let registry: Registry | null = null;

/**
 * The metrics of the process, by the names that Prometheus gives them everywhere. One registry for all servers of the
 * process, made when the first of them is asked: it watches the event loop and the garbage collector from then on.
 */
export function processRegistry(): Registry {
  if (registry) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of unbounded) registry.removeSingleMetric(name);
  countFilesAside(registry);
  return registry;
}

/** The library's own way holds up the event loop, at 8,000 connections for some 10 ms; this one asks another thread. */
function countFilesAside(registry: Registry): void {
  const name = 'process_open_fds';
  if (!registry.getSingleMetric(name)) return;
  registry.removeSingleMetric(name);
  new Gauge({
    name,
    help: 'Number of open file descriptors.',
    registers: [registry],
    async collect() {
      const files = await readdir('/proc/self/fd').catch(() => null);
      // One of them is the directory that is being read.
      if (files) this.set(files.length - 1);
    },
  });
}
