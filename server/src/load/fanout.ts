import { type Client, openClients } from './client.ts';
import { Crowd, evenlySpaced } from './crowd.ts';
import { deliveriesBetween, type Snapshot } from './delivery-figures.ts';
import type { Driver } from './drive.ts';
import type { FanoutJob, FanoutResult } from './job.ts';
import { latencyOf } from './latency.ts';
import { openEach } from './opening.ts';
import { PublishedFrame } from './published-frame.ts';
import { publishFor } from './publishing.ts';
import { Schedule } from './schedule.ts';
import type { Speech } from './speech.ts';
import { StreamClient } from './stream-client.ts';
import type { Subscriber } from './subscriber.ts';
import { Window } from './window.ts';

/** Subscribers, besides the publishers of a window, whose every delivery is looked at. */
const SAMPLED = 8;
/** The same on a schedule, where fewer messages come: enough samples for the 99.9th percentile. */
const SAMPLED_ON_SCHEDULE = 50;

/** Connects, publishes for the warm-up and the measured time, and counts. Rejects if messages stop coming. */
export async function measureFanout(job: FanoutJob, speech: Speech): Promise<FanoutResult> {
  const { listeners, publishers } = await openAll(job, speech);
  const subscribers = [...listeners, ...publishers];
  try {
    const crowd = new Crowd(subscribers, job.contentBytes);
    const driver = driverOf(job, speech, crowd, listeners, publishers);
    const [before, after] = await publishFor(job, crowd, driver);
    return summarise(crowd, driver, before, after);
  } finally {
    for (const subscriber of subscribers) subscriber.destroy();
  }
}

interface Connections {
  readonly listeners: readonly Subscriber[];
  readonly publishers: readonly Client[];
}

/**
 * Those opened last publish, because publishers of event streams are WebSockets and come behind the streams. In which
 * order a server writes is its own business: Fanwire writes to the publisher first, a loop in the order of
 * subscribing.
 */
async function openAll(job: FanoutJob, speech: Speech): Promise<Connections> {
  const { server, transport, drive } = job;
  const most = 'inFlight' in drive ? drive.inFlight : job.subscribers;
  const count = Math.min(job.publishers, most, job.subscribers);
  const others = job.subscribers - count;
  if (transport === 'websocket') {
    const clients = await openClients(job.subscribers, server, speech);
    return { listeners: clients.slice(0, others), publishers: clients.slice(others) };
  }
  const path = `/sse/connect?channels=${encodeURIComponent(job.channel)}`;
  const listeners = await openEach(server, others, (place) => StreamClient.open({ server, path, ...place }));
  try {
    return { listeners, publishers: await openClients(count, server, speech) };
  } catch (error) {
    for (const listener of listeners) listener.destroy();
    throw error;
  }
}

function driverOf(
  { drive, contentBytes }: FanoutJob,
  speech: Speech,
  crowd: Crowd,
  listeners: readonly Subscriber[],
  publishers: readonly Client[],
): Driver {
  const frame = new PublishedFrame(speech, contentBytes);
  const sampled = 'inFlight' in drive ? SAMPLED : SAMPLED_ON_SCHEDULE;
  for (const listener of evenlySpaced(listeners, sampled)) crowd.sample(listener);
  return 'inFlight' in drive
    ? new Window(publishers, crowd, drive.inFlight, frame)
    : new Schedule(publishers, crowd, drive.perSecond, frame);
}

function summarise(crowd: Crowd, driver: Driver, before: Snapshot, after: Snapshot): FanoutResult {
  return {
    ...deliveriesBetween(before, after),
    latency: latencyOf(crowd.journal.latencies()),
    lateness: driver.lateness(),
    lost: crowd.missing(),
    dropped: crowd.dropped(),
    sameOrder: crowd.sameOrder(),
  };
}
