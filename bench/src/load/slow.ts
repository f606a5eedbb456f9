import { setTimeout as delay } from 'node:timers/promises';
import { type Client, openClients } from '../../../server/src/load/client.ts';
import { Crowd, evenlySpaced, tally } from '../../../server/src/load/crowd.ts';
import { latencyOf } from '../../../server/src/load/latency.ts';
import { PublishedFrame } from '../../../server/src/load/published-frame.ts';
import { publishFor } from '../../../server/src/load/publishing.ts';
import { Schedule } from '../../../server/src/load/schedule.ts';
import type { Speech } from '../../../server/src/load/speech.ts';
import { usageBetween } from '../../../server/src/load/usage.ts';
import { peakResidentBytes, residentBytes } from '../machine.ts';
import { ClosingsWatch } from './closings.ts';
import type { Closings, SlowJob, SlowResult } from './job.ts';

/** Of those that do not freeze, whose every delivery is looked at. */
const SAMPLED = 50;
/** For the frozen to read what is left, as long as something comes. */
const THAW_MS = 10_000;
const QUIET_MS = 1500;
const CHECK_MS = 50;

/** Connects, lets some freeze as the measured time begins, and publishes on schedule. */
export async function measureSlow(job: SlowJob, speech: Speech): Promise<SlowResult> {
  const clients = await openClients(job.subscribers, job.server, speech);
  try {
    const frozen = evenlySpaced(clients, job.frozen);
    const isFrozen = new Set(frozen);
    const others = clients.filter((client) => !isFrozen.has(client));
    const publishers = others.slice(-job.publishers);
    for (const client of frozen) client.countFrom(job.contentBytes);
    const crowd = new Crowd(others, job.contentBytes);
    for (const client of evenlySpaced(others.slice(0, -job.publishers), SAMPLED)) crowd.sample(client);
    const frame = new PublishedFrame(speech, job.contentBytes);
    const schedule = new Schedule(publishers, crowd, job.perSecond, frame);
    const resident = residentBytes(job.serverPid);
    const freezing = freezeAfter(job.warmupSeconds, frozen, job);
    const [before, after] = await publishFor(job, crowd, schedule);
    const usage = usageBetween(before, after);
    const closings = await (await freezing).stop();
    const peakBytes = peakResidentBytes(job.serverPid);
    const endings = await thaw(frozen, crowd.journal.published);
    return {
      ...usage,
      latency: latencyOf(crowd.journal.latencies()),
      lateness: schedule.lateness(),
      deliveriesPerSecond: (after.deliveries - before.deliveries) / usage.seconds,
      lost: crowd.missing(),
      dropped: crowd.dropped(),
      residentBytes: resident,
      peakBytes,
      closings,
      endings,
    };
  } finally {
    for (const client of clients) client.destroy();
  }
}

interface Stoppable {
  stop(): Promise<Closings | null>;
}

/** Freezes them, and watches the server close them, where it tells. */
async function freezeAfter(seconds: number, frozen: readonly Client[], job: SlowJob): Promise<Stoppable> {
  await delay(seconds * 1000);
  for (const client of frozen) client.freeze();
  return job.tellsClosings ? new ClosingsWatch(job.server) : { stop: async () => null };
}

/** They read on. Returns how each of them ended, once all have, or nothing comes any more. */
async function thaw(frozen: readonly Client[], published: number): Promise<Record<string, number>> {
  const read = () => frozen.reduce((sum, client) => sum + client.bytesRead, 0);
  const isOver = (client: Client) => client.closed !== null || client.counted >= published;
  for (const client of frozen) client.thaw();
  const start = performance.now();
  let last = { bytes: read(), at: start };
  while (!frozen.every(isOver) && last.at - start < THAW_MS) {
    await delay(CHECK_MS);
    const bytes = read();
    if (bytes !== last.bytes) last = { bytes, at: performance.now() };
    else if (performance.now() - last.at > QUIET_MS) break;
  }
  return tally(frozen.map((client) => client.closed ?? (isOver(client) ? 'read on' : 'never got the rest')));
}
