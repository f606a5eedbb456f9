import type { Draft, Engine, Receipt } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import { Arrivals } from './arrivals.ts';
import type { TickFigures } from './meter.ts';

/** Told once what became of a publish: a receipt after the commit, or the error and nothing was kept. */
export type PublishCallback = (error: FanwireError | null, receipt: Receipt | null) => void;

/** What a tick tells to whoever made it. */
export interface TickHooks {
  /** After the commit and the delivery, before the acknowledgements. */
  committed(drafts: readonly Draft[], receipts: readonly Receipt[]): void;
  /** Writes what waits, once everything of the tick is in the outboxes. `written` is called when all of it is. */
  flush(written: () => void): void;
  /** True when those who get messages are behind: `resume` is called when the next batch may follow. */
  behind(resume: () => void): boolean;
  ended(figures: TickFigures): void;
  report(thrown: unknown): void;
}

/** Most messages of one tick: keeps a flood on one channel from holding up everything else for long. */
const maxMessages = 2048;
/** Messages waiting for their tick above which publishers are to hold back. */
const crowd = 8 * maxMessages;
/** Most bytes of data of one tick. */
const maxBytes = 8 * 1024 * 1024;

/**
 * Everything published during one turn of the event loop is one batch: committed once, then delivered, then
 * acknowledged, then written. Under light load a tick holds one message and starts at once; under heavy load batches
 * grow by themselves.
 */
export class Tick {
  readonly #engine: Engine;
  readonly #hooks: TickHooks;
  #drafts: Draft[] = [];
  #callbacks: PublishCallback[] = [];
  readonly #arrivals = new Arrivals();
  /** Milliseconds that deliveries took within the engine's call under way. */
  #delivering = 0;
  #scheduled = false;
  #running: Promise<void> | null = null;
  /** Drafts published, and drafts that were committed or failed, by all time. */
  #published = 0;
  #done = 0;
  #settled: { readonly target: number; readonly resolve: () => void }[] = [];

  constructor(engine: Engine, hooks: TickHooks) {
    this.#engine = engine;
    this.#hooks = hooks;
  }

  /** Drafts that follow each other with the same callback are committed together. */
  publish(draft: Draft, callback: PublishCallback): void {
    this.#published++;
    this.#drafts.push(draft);
    this.#callbacks.push(callback);
    this.#arrivals.came();
    this.#schedule();
  }

  /** Publishers are ahead of the engine by many ticks. */
  get crowded(): boolean {
    return this.#drafts.length > crowd;
  }

  /** The engine made the hub deliver for so many milliseconds, which are none of its own. */
  delivered(ms: number): void {
    this.#delivering += ms;
  }

  /** Resolves when everything published before this call is committed and delivered, or has failed. */
  settled(): Promise<void> {
    const target = this.#published;
    if (this.#done >= target) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push({ target, resolve }));
  }

  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#hooks.behind(() => setImmediate(this.#turn))) return;
    this.#scheduled = false;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#drafts.length > 0) this.#schedule();
      while (this.#settled[0] && this.#settled[0].target <= this.#done) this.#settled.shift()?.resolve();
    });
  };

  async #run(): Promise<void> {
    const began = performance.now();
    const [drafts, callbacks] = this.#take();
    const oldest = this.#arrivals.leave(drafts.length);
    this.#delivering = 0;
    let receipts: Receipt[] | null = null;
    let refusal: FanwireError | null = null;
    let commit = 0;
    try {
      receipts = await this.#engine.append(drafts);
      commit = performance.now() - began - this.#delivering;
      this.#hooks.committed(drafts, receipts);
    } catch (thrown) {
      refusal = this.#refusalOf(thrown);
    }
    const error = receipts ? null : (refusal ?? commitFailed());
    for (let i = 0; i < callbacks.length; i++) {
      try {
        callbacks[i]?.(error, receipts?.[i] ?? null);
      } catch (thrown) {
        this.#hooks.report(thrown);
      }
    }
    this.#done += drafts.length;
    const { length: messages } = drafts;
    const committed = receipts !== null;
    this.#hooks.flush(() => {
      const now = performance.now();
      this.#hooks.ended({ messages, committed, commit, duration: now - began, latency: now - oldest });
    });
  }

  /** What an engine refuses for a reason that it has told is no fault, and would be one for each tick. */
  #refusalOf(thrown: unknown): FanwireError {
    if (thrown instanceof FanwireError) return thrown;
    this.#hooks.report(thrown);
    return commitFailed();
  }

  #take(): [Draft[], PublishCallback[]] {
    let bytes = 0;
    let count = 0;
    while (count < this.#drafts.length && count < maxMessages && bytes < maxBytes) {
      bytes += this.#drafts[count++]?.data.length ?? 0;
    }
    while (count < this.#drafts.length && this.#callbacks[count] === this.#callbacks[count - 1]) count++;
    if (count === this.#drafts.length) {
      const all: [Draft[], PublishCallback[]] = [this.#drafts, this.#callbacks];
      this.#drafts = [];
      this.#callbacks = [];
      return all;
    }
    return [this.#drafts.splice(0, count), this.#callbacks.splice(0, count)];
  }
}

function commitFailed(): FanwireError {
  return new FanwireError('unavailable', 'the message could not be stored; nothing was delivered, try again');
}
