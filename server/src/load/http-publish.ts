import { setTimeout as delay } from 'node:timers/promises';
import { channelOffset } from './channel-figures.ts';
import { HttpClient } from './http-client.ts';
import type { HttpPublishJob, HttpPublishResult } from './job.ts';
import { percentile } from './journal.ts';
import { placeOf } from './opening.ts';
import { PublishRequest } from './publish-request.ts';
import { watchForStall } from './stall.ts';
import { microsecondsEach, type Usage, usageBetween, usageNow } from './usage.ts';

const MOST_SAMPLES = 1 << 21;
const DRAIN_CHECK_MS = 5;

/** All connections of a run, and what they were answered. */
class Publishers {
  answered = 0;
  clients: readonly HttpClient[] = [];
  #requested = 0;
  #samples: number[] = [];

  async open(job: HttpPublishJob): Promise<void> {
    const rounds = {
      next: () => this.#requested++ * job.batch,
      answered: (milliseconds: number) => {
        this.answered++;
        if (this.#samples.length < MOST_SAMPLES) this.#samples.push(milliseconds);
      },
    };
    const opening = Array.from({ length: job.clients }, (_, index) =>
      HttpClient.open(job.server, new PublishRequest(job), rounds, placeOf(job.server, index)),
    );
    const opened = await Promise.allSettled(opening);
    this.clients = opened.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    await Promise.all(opening);
  }

  /** Forgets the latencies so far. */
  restart(): void {
    this.#samples = [];
  }

  /** Since the last restart, milliseconds, sorted. */
  latencies(): Float64Array {
    return Float64Array.from(this.#samples).sort();
  }

  failure(): string | null {
    return this.clients.find((client) => client.failure !== null)?.failure ?? null;
  }

  destroy(): void {
    for (const client of this.clients) client.destroy();
  }
}

/** Publishes for the warm-up and the measured time. Rejects at an answer that is not 2xx, or if answers stop coming. */
export async function measureHttpPublish(job: HttpPublishJob): Promise<HttpPublishResult> {
  const publishers = new Publishers();
  try {
    await publishers.open(job);
    const [before, after, latencies] = await publishAndCount(publishers, job);
    const acknowledged = publishers.answered * job.batch;
    const kept = job.verify ? await channelOffset(job.server, job.channel) : null;
    if (kept !== null && kept !== acknowledged) {
      throw new Error(`${acknowledged} messages were acknowledged, but the channel has ${kept}`);
    }
    return { ...summarise(before, after, latencies, job.batch), acknowledged, kept };
  } finally {
    publishers.destroy();
  }
}

interface Snapshot extends Usage {
  readonly answered: number;
}

/** Resolves when the last request is answered, too. */
async function publishAndCount(
  publishers: Publishers,
  job: HttpPublishJob,
): Promise<[Snapshot, Snapshot, Float64Array]> {
  const snapshot = () => ({ ...usageNow(job.serverPid), answered: publishers.answered });
  const { signal, stop } = watchForStall({
    failure: () => publishers.failure(),
    progress: () => publishers.answered,
    unit: 'answer',
  });
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  try {
    for (const client of publishers.clients) client.start();
    await wait(job.warmupSeconds);
    publishers.restart();
    const before = snapshot();
    await wait(job.seconds);
    const after = snapshot();
    const latencies = publishers.latencies();
    for (const client of publishers.clients) client.stop();
    while (publishers.clients.some((client) => client.isWaiting)) await wait(DRAIN_CHECK_MS / 1000);
    return [before, after, latencies];
  } finally {
    stop();
  }
}

function summarise(
  before: Snapshot,
  after: Snapshot,
  latencies: Float64Array,
  batch: number,
): Omit<HttpPublishResult, 'acknowledged' | 'kept'> {
  const usage = usageBetween(before, after);
  const { seconds, serverCpuSeconds } = usage;
  const requests = after.answered - before.answered;
  return {
    ...usage,
    requests,
    requestsPerSecond: requests / seconds,
    messagesPerSecond: (requests * batch) / seconds,
    serverMicrosecondsPerRequest: microsecondsEach(serverCpuSeconds, requests),
    // A server that used less than one tick of the system's clock cannot be divided by.
    messagesPerServerCpuSecond: serverCpuSeconds ? (requests * batch) / serverCpuSeconds : null,
    latency: {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      p999: percentile(latencies, 0.999),
      samples: latencies.length,
    },
  };
}
