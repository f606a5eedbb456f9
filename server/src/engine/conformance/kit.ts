import assert from 'node:assert/strict';
import type { Clock } from '../../clock.ts';
import type {
  Draft,
  Engine,
  EngineSink,
  HistoryPage,
  Message,
  PresenceEvent,
  Receipt,
  Retention,
} from '../engine.ts';

/** A clock that moves only when it is told to. */
export interface TestClock extends Clock {
  /** Moves time on and runs what falls due on the way. */
  advance(ms: number): void;
  /** Sets the wall clock alone, forwards or back. */
  step(ms: number): void;
  /** How many `every` have not been stopped. */
  readonly timers: number;
}

export interface EngineUnderTest {
  /** Not opened yet, and on data of its own. */
  readonly engine: Engine;
  /** Another one on the same data, not opened yet; called after the earlier one was closed. Durable engines only. */
  readonly reopen?: () => Promise<Engine>;
  /** Removes the data; called after the engine was closed. */
  dispose(): Promise<void>;
}

/** What an engine brings to the suite. */
export interface EngineFactory {
  /** What the engine must say of itself; it decides which tests apply. */
  readonly capabilities: { readonly durable: boolean };
  makeClock(): TestClock;
  open(options: { retention: Retention; clock: Clock }): Promise<EngineUnderTest>;
  /** Titles of tests that this engine is excused from, each with the reason. An unknown title is an error. */
  readonly skips?: Readonly<Record<string, string>>;
}

/** One test. It gets an engine that is open and empty. */
export interface Case {
  /** Unique in the whole suite, so that skips can name it. */
  readonly title: string;
  /** Where it differs from `defaultRetention`. */
  readonly retention?: Partial<Retention>;
  readonly durable?: true;
  run(kit: Kit): Promise<void>;
}

export const defaultRetention: Retention = {
  windowSize: 1000,
  windowTtl: 600_000,
  historyTtl: 0,
  idempotencyWindow: 300_000,
};

/** A sink that keeps everything it is told. */
export class Recorder implements EngineSink {
  readonly messages: Message[] = [];
  readonly events: PresenceEvent[] = [];

  deliver(messages: readonly Message[]): void {
    this.messages.push(...messages);
  }

  /** Allowed at any time: it asks the hub to read on, and the tests read anyway. */
  unsure(): void {}

  presence(event: PresenceEvent): void {
    this.events.push(event);
  }

  of(channel: string): Message[] {
    return this.messages.filter((message) => message.channel === channel);
  }

  offsets(channel: string): number[] {
    return this.of(channel).map(({ offset }) => offset);
  }
}

/** An open engine with its clock and a recording sink; closed and disposed of at the end of the test. */
export class Kit implements AsyncDisposable {
  readonly factory: EngineFactory;
  readonly clock: TestClock;
  sink = new Recorder();
  engine: Engine;
  readonly #subject: EngineUnderTest;

  private constructor(factory: EngineFactory, clock: TestClock, subject: EngineUnderTest) {
    this.factory = factory;
    this.clock = clock;
    this.engine = subject.engine;
    this.#subject = subject;
  }

  static async open(factory: EngineFactory, retention: Partial<Retention> = {}): Promise<Kit> {
    const clock = factory.makeClock();
    const subject = await factory.open({ retention: { ...defaultRetention, ...retention }, clock });
    const kit = new Kit(factory, clock, subject);
    await kit.engine.open(kit.sink);
    return kit;
  }

  /** Closes the engine and opens another on the same data, with a new sink. */
  async reopen(): Promise<void> {
    await this.engine.close();
    assert.ok(this.#subject.reopen, 'the factory of a durable engine has to offer `reopen`');
    this.engine = await this.#subject.reopen();
    this.sink = new Recorder();
    await this.engine.open(this.sink);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.#subject.dispose();
  }

  async appendOne(draft: Draft): Promise<Receipt> {
    const [receipt] = await this.engine.append([draft]);
    assert.ok(receipt, 'one receipt for one draft');
    return receipt;
  }

  /** Appends `count` drafts to the channel in one batch; gives the messages that they must have become. */
  async publish(channel: string, count = 1, change: Partial<Draft> = {}): Promise<Message[]> {
    const drafts = Array.from({ length: count }, () => draftOf(channel, change));
    const receipts = await this.engine.append(drafts);
    return becoming(drafts, receipts);
  }

  /** The offsets of all that is kept of the channel. */
  async kept(channel: string): Promise<number[]> {
    const page = await this.engine.read(channel, { limit: 100_000 });
    assert.equal(page.more, false);
    return page.messages.map(({ offset }) => offset);
  }
}

let drafts = 0;

/** A draft whose id and data nothing else in this process has. */
export function draftOf(channel: string, change: Partial<Draft> = {}): Draft {
  drafts += 1;
  return {
    channel,
    id: `id-${drafts}`,
    keyed: false,
    space: '',
    type: 'text',
    data: `{"n":${drafts}}`,
    sender: null,
    persist: false,
    ...change,
  };
}

export function keyed(channel: string, id: string, change: Partial<Draft> = {}): Draft {
  return draftOf(channel, { id, keyed: true, ...change });
}

/** An id such as a server makes at this time: a UUIDv7, no two alike. */
export function madeId(time: number): string {
  drafts += 1;
  const milliseconds = time.toString(16).padStart(12, '0');
  const rest = drafts.toString(16).padStart(12, '0');
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7abc-8def-${rest}`;
}

/** What stands in the place of a message that was removed. */
export function tombstone(message: Message): Message {
  return { ...message, type: 'deleted', data: 'null', sender: null };
}

/** The messages that drafts became, by their receipts; duplicates became none. */
export function becoming(drafts: readonly Draft[], receipts: readonly Receipt[]): Message[] {
  assert.equal(receipts.length, drafts.length, 'a receipt for each draft');
  const messages: Message[] = [];
  for (const [index, draft] of drafts.entries()) {
    const receipt = receipts[index];
    if (receipt === undefined || receipt.duplicate) continue;
    const { id, channel, type, data, sender, persist } = draft;
    const { offset, epoch, time } = receipt;
    messages.push({ id, channel, offset, epoch, time, type, data, sender, persist });
  }
  return messages;
}

/** Equal in every field and with no others; an engine's objects may have any prototype. */
export function sameMessages(actual: readonly Message[], expected: readonly Message[]): void {
  assert.deepEqual(actual.map(plain), expected.map(plain));
}

export function sameFields(actual: object, expected: object): void {
  assert.deepEqual({ ...actual }, { ...expected });
}

function plain(message: Message): Message {
  return { ...message, sender: message.sender === null ? null : { ...message.sender } };
}

/** Reads upwards from behind `after` until a page says that there is no more. */
export async function readUp(
  engine: Engine,
  channel: string,
  { after, limit }: { after: number; limit: number },
): Promise<Message[]> {
  const messages: Message[] = [];
  for (let more = true; more; ) {
    const page = await engine.read(channel, { after: messages.at(-1)?.offset ?? after, limit });
    assertProgress(page);
    messages.push(...page.messages);
    more = page.more;
  }
  return messages;
}

/** Reads downwards from below `before`; oldest first all the same. */
export async function readDown(
  engine: Engine,
  channel: string,
  { before, limit }: { before: number; limit: number },
): Promise<Message[]> {
  const messages: Message[] = [];
  for (let more = true; more; ) {
    const page = await engine.read(channel, { before: messages[0]?.offset ?? before, limit });
    assertProgress(page);
    messages.unshift(...page.messages);
    more = page.more;
  }
  return messages;
}

/** Without this, an engine that is wrong about `more` would keep its reader, and the tests, busy for ever. */
function assertProgress({ messages, more }: HistoryPage): void {
  assert.ok(messages.length > 0 || !more, 'a page without messages says that there are more');
}

/** The whole numbers from `first` to `last`, both included. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Waits for what an engine may tell a moment later, such as presence that comes by way of other nodes. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
