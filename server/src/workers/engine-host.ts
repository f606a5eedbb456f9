import type { Clock } from '../clock.ts';
import type { Draft, Engine, Message, Position, PresenceEvent, Receipt } from '../engine/engine.ts';
import type { ActivityBook } from '../hub/activity.ts';
import { type NameQuery, Names } from '../hub/names.ts';
import { EngineDesk } from './engine-desk.ts';
import type { Appended, EngineNews } from './engine-service.ts';
import type { Line } from './line.ts';
import { packMessages, packReceipts } from './packing.ts';

/** A channel that some workers follow. */
interface Followed {
  /** Where the last message stands that was given to them. */
  readonly epoch: string;
  offset: number;
  readonly desks: Set<EngineDesk>;
}

/** A worker's batch that waits for its commit. */
interface Batch {
  readonly desk: EngineDesk;
  readonly drafts: readonly Draft[];
  resolve(appended: Appended): void;
  reject(reason: unknown): void;
}

export interface EngineHostOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Hears of every committed batch. */
  readonly activity: Pick<ActivityBook, 'record'>;
  readonly report: (thrown: unknown) => void;
}

/**
 * Serves one engine to the workers of a server. What they publish in one turn of this thread's event loop is committed
 * together; every worker is given the messages of the channels that it follows, in order, its own ones together with
 * their receipts.
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #opening = new Map<string, Promise<void>>();
  /** Of what is followed, without the server's own. */
  readonly #names = new Names();
  /** Those that have been given messages which are not on their way yet. */
  readonly #loaded = new Set<EngineDesk>();
  #waiting: Batch[] = [];
  #scheduled = false;
  /** Within the engine's own call: what it delivers goes out with the receipts. */
  #appending = false;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await this.#options.engine.open({
      deliver: (messages) => this.#deliver(messages),
      unsure: (channel) => this.#tell(channel, (line) => line.cast('unsure', channel)),
      presence: (event) => this.#presence(event),
    });
  }

  /** A worker begins. */
  seat(line: Line<EngineNews>): EngineDesk {
    const desk = new EngineDesk(this, this.#options.engine, line);
    desk.begin();
    return desk;
  }

  /** Channels that a worker follows, `$control` left out. */
  get channels(): number {
    return this.#followed.size - Number(this.#followed.has('$control'));
  }

  isFollowed(channel: string): boolean {
    return this.#followed.has(channel);
  }

  names(query: NameQuery): string[] {
    return this.#names.page(query);
  }

  append(desk: EngineDesk, drafts: readonly Draft[]): Promise<Appended> {
    const { promise, resolve, reject } = Promise.withResolvers<Appended>();
    this.#waiting.push({ desk, drafts, resolve, reject });
    if (!this.#scheduled) this.#schedule();
    return promise;
  }

  /** The position from which the worker is given every message of the channel. */
  async follow(desk: EngineDesk, channel: string): Promise<Position> {
    for (;;) {
      const followed = this.#followed.get(channel);
      if (followed) {
        followed.desks.add(desk);
        return { epoch: followed.epoch, offset: followed.offset };
      }
      let opening = this.#opening.get(channel);
      if (!opening) {
        opening = this.#open(channel).finally(() => this.#opening.delete(channel));
        this.#opening.set(channel, opening);
      }
      await opening;
    }
  }

  unfollow(desk: EngineDesk, channel: string): void {
    const followed = this.#followed.get(channel);
    if (!followed?.desks.delete(desk) || followed.desks.size > 0) return;
    this.#followed.delete(channel);
    this.#names.remove(channel);
    this.#options.engine.unfollow(channel).catch(this.#options.report);
  }

  async #open(channel: string): Promise<void> {
    const { epoch, offset } = await this.#options.engine.follow(channel);
    this.#followed.set(channel, { epoch, offset, desks: new Set() });
    if (!channel.startsWith('$')) this.#names.add(channel);
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => this.#turn().catch(this.#options.report));
  }

  async #turn(): Promise<void> {
    const batches = this.#waiting;
    this.#waiting = [];
    const [first] = batches;
    const drafts = first && batches.length === 1 ? first.drafts : batches.flatMap((batch) => batch.drafts);
    try {
      await this.#commit(batches, drafts);
    } catch (thrown) {
      for (const batch of batches) batch.reject(thrown);
    }
    this.#scheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  async #commit(batches: readonly Batch[], drafts: readonly Draft[]): Promise<void> {
    const { engine, activity, clock } = this.#options;
    const receipts = await this.#append(engine, drafts);
    activity.record(drafts, receipts, clock.now());
    let taken = 0;
    for (const { desk, drafts: own, resolve } of batches) {
      resolve({
        receipts: packReceipts(receipts.slice(taken, taken + own.length)),
        messages: packMessages(desk.unload()),
      });
      taken += own.length;
    }
    this.#sendParcels();
  }

  #append(engine: Engine, drafts: readonly Draft[]): Promise<Receipt[]> {
    this.#appending = true;
    try {
      return engine.append(drafts);
    } finally {
      this.#appending = false;
    }
  }

  #deliver(messages: readonly Message[]): void {
    for (const message of messages) {
      const followed = this.#followed.get(message.channel);
      if (!followed) continue;
      followed.offset = message.offset;
      for (const desk of followed.desks) {
        desk.load(message);
        this.#loaded.add(desk);
      }
    }
    if (!this.#appending) this.#sendParcels();
  }

  #sendParcels(): void {
    for (const desk of this.#loaded) desk.send();
    this.#loaded.clear();
  }

  #presence(event: PresenceEvent): void {
    this.#tell(event.channel, (line) => line.cast('presenceChanged', event));
  }

  #tell(channel: string, tell: (line: Line<EngineNews>) => void): void {
    for (const { line } of this.#followed.get(channel)?.desks ?? []) tell(line);
  }
}
