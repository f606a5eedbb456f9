import { createServer as createProbe, type ListenOptions } from 'node:net';
import { extname } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { OpenManagement } from '../access/management.ts';
import { type Clock, systemClock } from '../clock.ts';
import { descriptorNeeds } from '../commons.ts';
import type { Settings } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import { createEngine } from '../engines.ts';
import { type Address, listenFailed, urlOf } from '../listen.ts';
import { announce } from '../ops/announce.ts';
import { warnOfFewDescriptors } from '../ops/descriptors.ts';
import { faultReporter } from '../ops/log.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import { managementOf, type Server, withSecret } from '../server.ts';
import { releaseTaken } from '../transport/capacity.ts';
import type { Log } from '../transport/node.ts';
import { BookDesk } from './book-desk.ts';
import { type Books, openBooks } from './books.ts';
import { Departed } from './departed.ts';
import type { EngineDesk } from './engine-desk.ts';
import { EngineHost } from './engine-host.ts';
import { Entries } from './entries.ts';
import { Line, LineEnded } from './line.ts';
import { type SharedMemory, shareCounters, shareMemory } from './memory.ts';
import { within } from './within.ts';
import type { WorkerOrder } from './worker.ts';
import type { WorkerQueries, WorkerService } from './worker-service.ts';

/** A worker that dies is replaced after so many milliseconds, so that one that dies at once does not keep us busy. */
const replaceAfter = 1_000;
/** Milliseconds within which a worker has to answer what it is asked about its connections. */
const answerTime = 5_000;
/** Milliseconds beyond SHUTDOWN_TIMEOUT after which a worker that does not end is ended. */
const endMargin = 5_000;

/** A thread that serves connections, as the primary knows it. */
interface Hand {
  readonly number: number;
  readonly worker: Worker;
  readonly line: Line<WorkerService>;
  readonly engine: EngineDesk;
  readonly entries: Entries;
  /** Its own connections, in memory that outlives it. */
  readonly own: Int32Array;
  /** It has begun to listen. */
  isServing: boolean;
  /** What it had counted when it was asked last. */
  counted: MetricsSnapshot['server'];
}

/**
 * Serves connections on several threads that share one port. This thread has the engine and the books, and no
 * connection. Throws a StartError, having let go of everything.
 */
export async function startWorkers(given: Settings, log: Log): Promise<Server> {
  const settings = withSecret(given);
  announce(settings, log);
  const primary = new Primary(settings, log, systemClock);
  try {
    await primary.start();
  } catch (thrown) {
    await primary.close();
    throw thrown;
  }
  return primary;
}

class Primary implements Server {
  readonly management: OpenManagement;
  url = '';
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #report: (thrown: unknown) => void;
  readonly #engine: Engine;
  readonly #books: Books;
  readonly #host: EngineHost;
  readonly #desk: BookDesk;
  readonly #memory: SharedMemory = shareMemory();
  readonly #hands = new Set<Hand>();
  readonly #departed = new Departed();
  #port = 0;
  #restarts = 0;
  #faults = 0;
  #closing: Promise<void> | null = null;

  constructor(settings: Settings, log: Log, clock: Clock) {
    this.#settings = settings;
    this.#log = log;
    this.management = managementOf(settings);
    this.#report = faultReporter(log, () => {
      this.#faults++;
    });
    this.#engine = createEngine(settings, clock, this.#report);
    this.#books = openBooks(settings, clock);
    const { activity } = this.#books;
    this.#host = new EngineHost({ engine: this.#engine, clock, activity, report: this.#report });
    this.#desk = new BookDesk({
      books: this.#books,
      host: this.#host,
      crew: () => ({ workers: this.#serving, restarts: this.#restarts, faults: this.#faults }),
      ask: (query, given) => this.#ask(query, given),
      metrics: () => this.#metrics(),
    });
    this.#books.places.onReplaced((holder) => {
      for (const { line } of this.#hands) line.cast('replaced', holder);
    });
  }

  async start(): Promise<void> {
    const { host, port, workers, basePath } = this.#settings.listen;
    await this.#host.open();
    this.#log.info({ engine: this.#settings.engine.kind }, 'engine open');
    this.#port = await freePort(host, port);
    await Promise.all(Array.from({ length: workers }, (_, at) => this.#employ(at + 1)));
    this.url = urlOf({ address: host, family: '', port: this.#port }, host) + basePath;
    warnOfFewDescriptors(descriptorNeeds(this.#settings), this.#log);
    this.#log.info({ url: this.url, workers, managementOpen: this.management !== 'nothing' }, 'listening');
  }

  /** What was accepted is committed and delivered on all workers before the first connection is told to go. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const hands = [...this.#hands];
    const time = this.#settings.shutdown.timeout + endMargin;
    for (const step of ['settle', 'end'] as const) {
      await Promise.allSettled(
        hands.map(({ number, line }) => within(time, `worker ${number} does not end`, line.call(step))),
      );
    }
    await Promise.allSettled(hands.map(({ worker }) => worker.terminate()));
    await this.#engine.close();
  }

  /** Starts a worker; resolves when it listens. */
  async #employ(number: number): Promise<void> {
    const hand = this.#start(number);
    this.#hands.add(hand);
    try {
      await hand.line.call('listen', this.#port);
      hand.isServing = true;
    } catch (thrown) {
      await hand.worker.terminate();
      throw thrown;
    }
    this.#log.info({ worker: number }, 'worker listening');
  }

  #start(number: number): Hand {
    const { port1, port2 } = new MessageChannel();
    const own = shareCounters();
    const { capabilities } = this.#engine;
    const order: WorkerOrder = {
      number,
      port: port2,
      settings: this.#settings,
      management: this.management,
      capabilities,
      memory: this.#memory,
      own,
    };
    const script = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(script, {
      workerData: order,
      transferList: [port2],
      name: `fanwire worker ${number}`,
    });
    const line = new Line<WorkerService>(port1, this.#report);
    const engine = this.#host.seat(line);
    const entries = new Entries(this.#books);
    line.serve(engine, entries, this.#desk);
    const hand: Hand = { number, worker, line, engine, entries, own, isServing: false, counted: [] };
    worker.on('error', (thrown) => this.#report(thrown));
    worker.on('exit', (code) => this.#gone(hand, code));
    return hand;
  }

  #ask(query: keyof WorkerQueries, given: readonly unknown[]): Promise<unknown[]> {
    return this.#askEach(({ line }) =>
      line.call(query, ...(given as Parameters<WorkerQueries[typeof query]>)),
    );
  }

  /** The metrics of each worker, and what those had counted that are gone. */
  async #metrics(): Promise<MetricsSnapshot[]> {
    const snapshots = await this.#askEach(async (hand) => {
      const snapshot = await hand.line.call('metrics');
      hand.counted = snapshot.server;
      return snapshot;
    });
    return [...snapshots, { server: await this.#departed.counted, process: [] }];
  }

  /**
   * Asks every worker that serves; one that is gone has no connections any more. Rejects with `unavailable` when one of
   * them does not answer: half of the truth would look like the whole.
   */
  async #askEach<Answer>(ask: (hand: Hand) => Promise<Answer>): Promise<Answer[]> {
    const serving = [...this.#hands].filter(({ isServing }) => isServing);
    const asked = serving.map((hand) =>
      within(answerTime, `worker ${hand.number} does not answer; try again in a moment`, ask(hand)),
    );
    const answers = await Promise.allSettled(asked);
    const refusal = answers.find(
      (answer) => answer.status === 'rejected' && !(answer.reason instanceof LineEnded),
    );
    if (refusal?.status === 'rejected') throw refusal.reason;
    return answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
  }

  get #serving(): number {
    return [...this.#hands].filter(({ isServing }) => isServing).length;
  }

  /**
   * Nothing that the worker held stays; unless the server closes, another takes its place. Of one that did not come to
   * serve hears who started it.
   */
  #gone(hand: Hand, code: number): void {
    this.#hands.delete(hand);
    hand.line.close();
    hand.entries.release();
    hand.engine.release().catch(this.#report);
    releaseTaken(this.#memory.taken, hand.own);
    this.#departed.add(hand.counted);
    if (this.#closing || !hand.isServing) return;
    this.#log.error(
      { worker: hand.number, code },
      'a worker failed: its connections are lost, and it is replaced',
    );
    this.#replaceSoon(hand.number);
  }

  #replaceSoon(number: number): void {
    setTimeout(() => this.#replace(number), replaceAfter);
  }

  #replace(number: number): void {
    if (this.#closing) return;
    this.#restarts++;
    this.#employ(number).catch((thrown) => {
      if (this.#closing) return;
      this.#report(thrown);
      this.#replaceSoon(number);
    });
  }
}

/**
 * The port, which nobody else listens at, and which threads can share; where 0 is asked for, one that is free. Throws a
 * StartError.
 */
async function freePort(host: string, port: number): Promise<number> {
  const free = await probe({ host, port, exclusive: true });
  return await probe({ host, port: free, reusePort: true });
}

/** Listens for a moment; the port it had. */
async function probe(options: Address & ListenOptions): Promise<number> {
  const server = createProbe();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, resolve);
  try {
    await promise;
  } catch (thrown) {
    throw listenFailed(thrown, options);
  }
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : options.port;
}
