import { setTimeout as delay } from 'node:timers/promises';
import { channelSubscribers } from './channel-figures.ts';
import { channelSpeech } from './channel-speech.ts';
import { Client } from './client.ts';
import { tally } from './crowd.ts';
import type { RecoverJob, RecoverResult } from './job.ts';
import { latencyOf } from './latency.ts';
import { Expected, type Position } from './missed.ts';
import { openEach, placeOf } from './opening.ts';
import { PublishedFrame } from './published-frame.ts';
import { Leaver, Returner } from './returner.ts';
import { watchForStall } from './stall.ts';
import { usageBetween, usageNow } from './usage.ts';

/** Messages before the cut, so that positions are somewhere in the channel. */
const BEFORE = 10;
/** Connections begun in one turn of the load. */
const AT_ONCE = 100;
/** A client whose first attempts the kernel dropped tries again after 1, 2, 4, 8 seconds. */
const PATIENCE_SECONDS = 20;
const CHECK_MS = 5;
const NOTICED_MS = 30_000;
/** After the last live message, for one too many to arrive. */
const SETTLE_MS = 200;

/** Publishes numbered messages; it is subscribed, so that it knows when they are committed. */
class Publisher {
  published = 0;
  #received = 0;
  readonly #client: Client;
  readonly #frame: PublishedFrame;

  static async open({ server, channel, contentBytes }: RecoverJob): Promise<Publisher> {
    const speech = channelSpeech({ subscribe: true, channel });
    return new Publisher(await Client.open({ server, speech }), new PublishedFrame(speech, contentBytes));
  }

  private constructor(client: Client, frame: PublishedFrame) {
    this.#client = client;
    this.#frame = frame;
    client.watch = (payload) => {
      if (payload.includes('"type":"text"')) this.#received++;
      return true;
    };
  }

  /** Resolves when all are committed. */
  async publish(count: number): Promise<void> {
    const sequences = Array.from({ length: count }, () => this.published++);
    this.#client.write(this.#frame.of(sequences));
    await until(() => this.#received === this.published, {
      failure: () => this.#client.complaint ?? this.#client.closed,
      progress: () => this.#received,
      unit: 'message of the publisher',
    });
  }

  destroy(): void {
    this.#client.destroy();
  }
}

/** Connects, cuts, publishes, and lets all come back at once. Rejects where a client cannot. */
export async function measureRecover(job: RecoverJob): Promise<RecoverResult> {
  const publisher = await Publisher.open(job);
  try {
    const positions = await leave(job, publisher);
    await noticed(job);
    await publisher.publish(job.missed);
    return await comeBack(job, positions, publisher);
  } finally {
    publisher.destroy();
  }
}

/** All subscribe, get some messages, and are cut. Returns where each stood. */
async function leave(job: RecoverJob, publisher: Publisher): Promise<Position[]> {
  const { server, channel } = job;
  const leavers = Array.from({ length: job.clients }, () => new Leaver(channel));
  let next = 0;
  const clients = await openEach(server, job.clients, (place) => {
    const speech = leavers[next++] ?? null;
    return Client.open({ server, speech, ...place });
  });
  try {
    await publisher.publish(BEFORE);
    const reached = () => leavers.filter(({ position }) => position?.offset === BEFORE).length;
    await until(() => reached() === leavers.length, {
      failure: () => clients.find(({ closed }) => closed !== null)?.closed ?? null,
      progress: reached,
      unit: 'message',
    });
    return leavers.flatMap(({ position }) => position ?? []);
  } finally {
    for (const client of clients) client.destroy();
  }
}

/** Until the server counts nobody but the publisher, who may be on another node than the one that answers. */
async function noticed({ server, channel }: RecoverJob): Promise<void> {
  const end = performance.now() + NOTICED_MS;
  for (;;) {
    const subscribers = await channelSubscribers(server, channel);
    if (subscribers <= 1) return;
    if (performance.now() > end) throw new Error(`the server still counts ${subscribers} subscribers`);
    await delay(100);
  }
}

/** All begin at once; each turn of the load begins a part of them and reads what has come for others. */
async function comeBack(
  job: RecoverJob,
  positions: readonly Position[],
  publisher: Publisher,
): Promise<RecoverResult> {
  const clients: Client[] = [];
  const times: number[] = [];
  const before = usageNow(job.serverPid);
  const start = performance.now();
  const { server, channel } = job;
  const expected = new Expected(channel, positions[0]?.epoch ?? '');
  const onComplete = () => times.push(performance.now() - start);
  const last = publisher.published;
  const returners = positions.map(
    (position) => new Returner({ channel, position, last, expected, onComplete }),
  );
  try {
    while (clients.length < returners.length) {
      for (const speech of returners.slice(clients.length, clients.length + AT_ONCE)) {
        const client = new Client({ server, speech, ...placeOf(server, clients.length) });
        // Its end is seen in `closed`.
        client.ready.catch(() => {});
        clients.push(client);
      }
      await delay(0);
    }
    await until(() => returners.every(({ isOver }) => isOver), {
      failure: () => failureOf(clients),
      progress: () => returners.reduce((sum, one) => sum + one.offset, 0),
      unit: 'missed message',
      patience: PATIENCE_SECONDS,
    });
    const usage = usageBetween(before, usageNow(job.serverPid));
    await publishLive(publisher, returners);
    const faults = returners.flatMap((one) => faultOf(one, publisher.published) ?? []);
    return {
      ...usage,
      latency: latencyOf(Float64Array.from(times).sort()),
      verified: returners.length - faults.length,
      faults: tally(faults),
    };
  } finally {
    for (const client of clients) client.destroy();
  }
}

function failureOf(clients: readonly Client[]): string | null {
  const failed = clients.filter((one) => one.complaint !== null || one.closed !== null);
  const [first] = failed;
  if (first === undefined) return null;
  return `${failed.length} clients did not come back, the first: ${first.complaint ?? first.closed}`;
}

/** One more message, which everybody whose messages were right so far has to get next. */
async function publishLive(publisher: Publisher, returners: readonly Returner[]): Promise<void> {
  const right = returners.filter(({ fault }) => fault === null);
  await publisher.publish(1);
  const reached = () => right.filter(({ offset }) => offset >= publisher.published).length;
  await until(() => reached() === right.length, {
    failure: () => null,
    progress: reached,
    unit: 'live message',
  });
  await delay(SETTLE_MS);
}

function faultOf({ fault, offset }: Returner, last: number): string | null {
  return fault ?? (offset > last ? 'a message too many' : null);
}

/** Rejects where it cannot become true any more, or nothing has come for three seconds. */
async function until(isTrue: () => boolean, watched: Parameters<typeof watchForStall>[0]): Promise<void> {
  const { signal, stop } = watchForStall(watched);
  try {
    while (!isTrue()) {
      signal.throwIfAborted();
      await delay(CHECK_MS);
    }
  } finally {
    stop();
  }
}
