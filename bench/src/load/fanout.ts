import { setTimeout as delay } from 'node:timers/promises';
import type { Speech } from '../targets/target.ts';
import { type Client, openClients } from './client.ts';
import { clientFrame, OPCODE } from './frames.ts';
import type { FanoutJob, FanoutResult } from './job.ts';
import { Journal, percentile } from './journal.ts';
import { watchForStall } from './stall.ts';
import { findStamp, readStamp, stampedContent, writeStamp } from './stamp.ts';
import { type Usage, usageBetween, usageNow } from './usage.ts';

/** Subscribers, besides the publishers, whose every delivery is looked at. */
const SAMPLED = 8;
const DRAIN_MS = 5000;
const DRAIN_CHECK_MS = 20;

/** A subscriber whose every delivery is looked at: when it came, and in which order. */
class Witness {
  seen = 0;
  /** Of the message numbers in their order: equal for two witnesses that saw the same. */
  orderHash = 0;
  readonly client: Client;

  constructor(client: Client, journal: Journal, onDelivery: (sequence: number) => void) {
    this.client = client;
    client.watch = (payload) => {
      const at = findStamp(payload);
      if (at === -1) return false;
      const sequence = readStamp(payload, at);
      this.seen++;
      this.orderHash = (Math.imul(this.orderHash, 31) + sequence) | 0;
      journal.received(sequence);
      onDelivery(sequence);
      return true;
    };
  }
}

/** Keeps its share of the window in flight: what it published and has not received back itself. */
class Publisher {
  readonly witness: Witness;
  readonly #client: Client;
  readonly #journal: Journal;
  readonly #index: number;
  readonly #share: number;
  readonly #frame: Buffer;
  readonly #stampAt: number;
  #inFlight = 0;
  #isStopped = false;

  constructor(client: Client, journal: Journal, index: number, share: number, frame: Buffer) {
    this.#client = client;
    this.#journal = journal;
    this.#index = index;
    this.#share = share;
    this.#frame = frame;
    this.#stampAt = findStamp(frame);
    this.witness = new Witness(client, journal, (sequence) => {
      if (journal.publisherOf(sequence) === index) this.#inFlight--;
    });
    client.afterRead = () => this.fill();
  }

  /** Publishes in one write as many messages as the window has room for. */
  fill(): void {
    const room = this.#share - this.#inFlight;
    if (room <= 0 || this.#isStopped) return;
    const size = this.#frame.length;
    const bytes = Buffer.allocUnsafe(room * size);
    for (let index = 0; index < room; index++) {
      this.#frame.copy(bytes, index * size);
      writeStamp(bytes, index * size + this.#stampAt, this.#journal.publish(this.#index));
    }
    this.#inFlight += room;
    this.#client.write(bytes);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Why this one can publish no more, or null. */
  get failure(): string | null {
    return this.#client.complaint ?? this.#client.closed;
  }
}

/** All connections of a run, and the sums over them. */
class Crowd {
  readonly journal = new Journal();
  readonly clients: readonly Client[];
  readonly witnesses: readonly Witness[];
  readonly publishers: readonly Publisher[];

  constructor(clients: readonly Client[], job: FanoutJob, speech: Speech) {
    this.clients = clients;
    const count = Math.min(job.publishers, job.window, clients.length);
    const others = clients.slice(0, clients.length - count);
    for (const client of others) client.countFrom(job.contentBytes);
    const sampled = evenlySpaced(others, SAMPLED);
    for (const client of sampled) client.countFrom(Number.POSITIVE_INFINITY);

    const frame = clientFrame(OPCODE.text, Buffer.from(speech.publish(stampedContent(job.contentBytes))));
    // The last to subscribe publish: where a server goes through subscribers in that order, a message counts as
    // in flight until (nearly) all have got it.
    this.publishers = clients.slice(clients.length - count).map((client, index) => {
      const share = Math.floor(job.window / count) + (index < job.window % count ? 1 : 0);
      return new Publisher(client, this.journal, index, share, frame);
    });
    const bystanders = sampled.map((client) => new Witness(client, this.journal, () => {}));
    this.witnesses = [...bystanders, ...this.publishers.map((publisher) => publisher.witness)];
  }

  deliveries(): number {
    let sum = 0;
    for (const client of this.clients) sum += client.reader.counted;
    for (const witness of this.witnesses) sum += witness.seen;
    return sum;
  }

  bytes(): number {
    return this.clients.reduce((sum, client) => sum + client.bytesRead, 0);
  }

  /** Why a publisher can publish no more, or null. */
  failure(): string | null {
    const failure = this.publishers.map((publisher) => publisher.failure).find((reason) => reason !== null);
    return failure === undefined ? null : `a publisher was stopped: ${failure}`;
  }

  /** Messages that open connections have yet to get. Only meaningful after the last publish. */
  missing(): number {
    const seen = new Map(this.witnesses.map((witness) => [witness.client, witness.seen]));
    return this.clients.reduce((sum, client) => {
      if (client.closed !== null) return sum;
      return sum + this.journal.published - client.reader.counted - (seen.get(client) ?? 0);
    }, 0);
  }
}

function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return items.filter((_, index) => index % Math.floor(items.length / count) === 0).slice(0, count);
}

/** Connects, publishes for the warm-up and the measured time, and counts. Rejects if messages stop coming. */
export async function measureFanout(job: FanoutJob, speech: Speech): Promise<FanoutResult> {
  const clients = await openClients(job.subscribers, job.port, speech);
  try {
    const crowd = new Crowd(clients, job, speech);
    const stall = watchForStall({
      failure: () => crowd.failure(),
      progress: () => crowd.deliveries(),
      unit: 'delivery',
    });
    try {
      const [before, after] = await publishAndCount(crowd, job, stall.signal);
      const latencies = crowd.journal.latencies();
      for (const publisher of crowd.publishers) publisher.stop();
      await drained(crowd);
      return summarise(crowd, before, after, latencies);
    } finally {
      stall.stop();
    }
  } finally {
    for (const client of clients) client.destroy();
  }
}

async function publishAndCount(
  crowd: Crowd,
  job: FanoutJob,
  stalled: AbortSignal,
): Promise<[Snapshot, Snapshot]> {
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal: stalled }).catch(() => stalled.throwIfAborted());
  for (const publisher of crowd.publishers) publisher.fill();
  await wait(job.warmupSeconds);
  crowd.journal.restart();
  const before = snapshot(crowd, job.serverPid);
  await wait(job.seconds);
  return [before, snapshot(crowd, job.serverPid)];
}

interface Snapshot extends Usage {
  readonly deliveries: number;
  readonly bytes: number;
  readonly published: number;
}

function snapshot(crowd: Crowd, serverPid: number): Snapshot {
  return {
    ...usageNow(serverPid),
    deliveries: crowd.deliveries(),
    bytes: crowd.bytes(),
    published: crowd.journal.published,
  };
}

function summarise(crowd: Crowd, before: Snapshot, after: Snapshot, latencies: Float64Array): FanoutResult {
  const usage = usageBetween(before, after);
  const { seconds, serverCpuSeconds } = usage;
  const deliveries = after.deliveries - before.deliveries;
  const hashes = crowd.witnesses
    .filter((witness) => witness.client.closed === null)
    .map((one) => one.orderHash);
  return {
    ...usage,
    deliveries,
    deliveriesPerSecond: deliveries / seconds,
    publishedPerSecond: (after.published - before.published) / seconds,
    bytesPerDelivery: (after.bytes - before.bytes) / Math.max(1, deliveries),
    serverMicrosecondsPerDelivery:
      serverCpuSeconds === null ? null : (serverCpuSeconds * 1e6) / Math.max(1, deliveries),
    latency: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), samples: latencies.length },
    lost: crowd.missing(),
    dropped: tally(crowd.clients.flatMap((client) => client.closed ?? [])),
    sameOrder: new Set(hashes).size <= 1,
  };
}

function tally(reasons: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Waits until every open connection has every message, but not longer than five seconds. */
async function drained(crowd: Crowd): Promise<void> {
  const end = performance.now() + DRAIN_MS;
  while (crowd.missing() > 0 && performance.now() < end) await delay(DRAIN_CHECK_MS);
}
