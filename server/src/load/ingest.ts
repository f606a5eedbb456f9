import { setTimeout as delay } from 'node:timers/promises';
import { AcknowledgedPublish, isAcknowledgement } from './acknowledged.ts';
import { channelOffset } from './channel-figures.ts';
import { channelSpeech } from './channel-speech.ts';
import { type Client, openClients } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import type { IngestJob, IngestResult } from './job.ts';
import { Journal } from './journal.ts';
import { latencyOf } from './latency.ts';
import { watchForStall } from './stall.ts';
import { findStamp, readStamp } from './stamp.ts';
import { microsecondsEach, type Usage, usageBetween, usageNow } from './usage.ts';

const DRAIN_CHECK_MS = 5;
/** Channels that are asked for their offset at once. */
const ASKED_AT_ONCE = 20;

/** One channel, and how often it was published to. */
class Destination {
  published = 0;
  readonly name: string;
  readonly publish: AcknowledgedPublish;

  constructor(name: string, contentBytes: number) {
    this.name = name;
    this.publish = new AcknowledgedPublish(name, contentBytes);
  }
}

/** Keeps so many publishes waiting for their acknowledgement. */
class Publisher {
  acknowledged = 0;
  readonly #client: Client;
  readonly #journal: Journal;
  readonly #index: number;
  readonly #most: number;
  readonly #destinations: readonly Destination[];
  #next: number;
  #isStopped = false;
  #published = 0;

  /** Goes round the destinations from the one at `start`. */
  constructor(
    client: Client,
    journal: Journal,
    index: number,
    most: number,
    destinations: readonly Destination[],
    start: number,
  ) {
    this.#client = client;
    this.#journal = journal;
    this.#index = index;
    this.#most = most;
    this.#destinations = destinations;
    this.#next = start;
    client.watch = (payload) => this.#hear(payload);
    client.afterRead = () => this.fill();
  }

  get waiting(): number {
    return this.#published - this.acknowledged;
  }

  get failure(): string | null {
    return this.#client.complaint ?? this.#client.closed;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Publishes in one write as many messages as there is room for. */
  fill(): void {
    const room = this.#most - this.waiting;
    const size = this.#destinations[0]?.publish.bytes.length ?? 0;
    if (room <= 0 || this.#isStopped) return;
    const bytes = Buffer.allocUnsafe(room * size);
    for (let count = 0; count < room; count++) {
      const destination = this.#destinations[this.#next++ % this.#destinations.length];
      if (destination === undefined) return;
      destination.publish.write(bytes, count * size, this.#journal.publish(this.#index));
      destination.published++;
    }
    this.#published += room;
    this.#client.write(bytes);
  }

  #hear(payload: Buffer): boolean {
    if (!isAcknowledgement(payload)) return false;
    const sequence = readStamp(payload, findStamp(payload));
    if (this.#journal.publisherOf(sequence) !== this.#index) {
      throw new Error(`an acknowledgement came to another publisher: ${payload.toString()}`);
    }
    this.acknowledged++;
    this.#journal.received(sequence);
    return true;
  }
}

/** All publishers of a run. */
class Crowd {
  readonly journal = new Journal();
  readonly destinations: readonly Destination[];
  readonly publishers: readonly Publisher[];

  constructor(clients: readonly Client[], { channels, contentBytes, inFlight }: IngestJob) {
    this.destinations = channels.map((name) => new Destination(name, contentBytes));
    this.publishers = clients.map((client, index) => {
      const start = Math.floor((index * channels.length) / clients.length);
      return new Publisher(client, this.journal, index, inFlight, this.destinations, start);
    });
  }

  acknowledged(): number {
    return this.publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
  }

  failure(): string | null {
    const failed = this.publishers.find((publisher) => publisher.failure !== null);
    return failed === undefined ? null : `a publisher was stopped: ${failed.failure}`;
  }
}

/**
 * Publishes for the warm-up and the measured time, then waits for the last acknowledgement. Rejects if they stop
 * coming, or if a channel's offset is not the number of publishes to it that were acknowledged.
 */
export async function measureIngest(job: IngestJob): Promise<IngestResult> {
  // It publishes by frames of its own, to all of the channels.
  const speech = channelSpeech({ subscribe: false, channel: '' });
  const clients = await openClients(job.publishers, job.server, speech);
  try {
    const crowd = new Crowd(clients, job);
    const [before, after, latencies] = await publishAndCount(crowd, job);
    const kept = await keptOf(crowd.destinations, job.server);
    return { ...summarise(before, after, latencies), acknowledged: crowd.acknowledged(), kept };
  } finally {
    for (const client of clients) client.destroy();
  }
}

interface Snapshot extends Usage {
  readonly acknowledged: number;
}

async function publishAndCount(crowd: Crowd, job: IngestJob): Promise<[Snapshot, Snapshot, Float64Array]> {
  const snapshot = () => ({ ...usageNow(job.serverPid), acknowledged: crowd.acknowledged() });
  const { signal, stop } = watchForStall({
    failure: () => crowd.failure(),
    progress: () => crowd.acknowledged(),
    unit: 'acknowledgement',
  });
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  try {
    for (const publisher of crowd.publishers) publisher.fill();
    await wait(job.warmupSeconds);
    crowd.journal.restart();
    const before = snapshot();
    await wait(job.seconds);
    const after = snapshot();
    const latencies = crowd.journal.latencies();
    for (const publisher of crowd.publishers) publisher.stop();
    while (crowd.publishers.some((publisher) => publisher.waiting > 0)) await wait(DRAIN_CHECK_MS / 1000);
    return [before, after, latencies];
  } finally {
    stop();
  }
}

/** The sum of the channels' offsets. Every publish was acknowledged, so each must be what was published there. */
async function keptOf(destinations: readonly Destination[], server: Endpoint): Promise<number> {
  let kept = 0;
  for (let first = 0; first < destinations.length; first += ASKED_AT_ONCE) {
    const asked = destinations.slice(first, first + ASKED_AT_ONCE);
    const offsets = await Promise.all(asked.map(({ name }) => channelOffset(server, name)));
    for (const [index, { name, published }] of asked.entries()) {
      if (offsets[index] !== published)
        throw new Error(`${published} messages to ${name} were acknowledged, but it has ${offsets[index]}`);
      kept += published;
    }
  }
  return kept;
}

function summarise(
  before: Snapshot,
  after: Snapshot,
  latencies: Float64Array,
): Omit<IngestResult, 'acknowledged' | 'kept'> {
  const usage = usageBetween(before, after);
  const { seconds, serverCpuSeconds } = usage;
  const publishes = after.acknowledged - before.acknowledged;
  return {
    ...usage,
    publishes,
    publishesPerSecond: publishes / seconds,
    serverMicrosecondsPerPublish: microsecondsEach(serverCpuSeconds, publishes),
    latency: latencyOf(latencies),
  };
}
