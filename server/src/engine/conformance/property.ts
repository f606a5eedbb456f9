import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Draft, HistoryQuery, Retention, TailQuery } from '../engine.ts';
import { draftOf, type EngineFactory, Kit, madeId, sameMessages } from './kit.ts';
import { Model } from './model.ts';

type Command =
  | { readonly do: 'append'; readonly batch: readonly Choice[] }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'read'; readonly channel: string; readonly query: HistoryQuery }
  | { readonly do: 'tail'; readonly channel: string; readonly query: TailQuery }
  | { readonly do: 'state'; readonly channel: string; readonly after: number }
  | {
      readonly do: 'remove';
      readonly channel: string;
      readonly target: string | number;
      readonly at: number | null;
    }
  | { readonly do: 'channels'; readonly query: { prefix: string; after?: string; limit: number } }
  | { readonly do: 'follow' | 'unfollow' | 'clear'; readonly channel: string };

/**
 * Without an id it gets one as the server makes them, by a clock that may be `early` by some milliseconds; so many times
 * over.
 */
type Choice = Pick<Draft, 'channel' | 'space' | 'persist' | 'data' | 'sender'> & {
  readonly id: string | null;
  readonly early: number;
  readonly times: number;
};

/** Few names, ids and times, so that they meet often: the limits, and a millisecond to either side. */
const channels = ['a', 'b', '__proto__'];
const channel = fc.constantFrom(...channels);
const offset = fc.oneof(fc.integer({ min: 0, max: 25 }), fc.integer({ min: 0, max: 400 }));
const key = fc.constantFrom('k1', 'k2', 'k3', 'k4');
const moment = fc.constantFrom(0, 1, 999, 1000, 1001, 2000, 3500, 5000, 9000);

const retention: fc.Arbitrary<Retention> = fc.record({
  windowSize: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 20, max: 150 })),
  windowTtl: fc.constantFrom(1000, 2500, 5000),
  historyTtl: fc.constantFrom(0, 1500, 4000),
  idempotencyWindow: fc.constantFrom(1000, 3000),
});

/** JSON texts that an engine may not cut or change: with separators in them, and characters of every length. */
const data = fc.oneof(
  fc.constantFrom(
    'null',
    '[1,2]',
    '{"a":{"b":","}}',
    '"ä, 😀"',
    '12345678901234567890.10',
    '" "',
    '{ "a" : 1 }',
  ),
  fc.json({ maxDepth: 2 }),
);

const sender = fc.record({
  user: fc.option(fc.constantFrom('u1', 'ü "😀"')),
  connection: fc.constant('c1'),
  client: fc.option(fc.constant('client-1')),
});

const choice: fc.Arbitrary<Choice> = fc.record({
  channel,
  id: fc.option(key),
  space: fc.constantFrom('', 'u1', 'u'),
  early: fc.constantFrom(0, 0, 1, -1, 1500, -1500, 120_000, -120_000),
  persist: fc.boolean(),
  data,
  sender: fc.option(sender),
  times: fc.constantFrom(1, 1, 1, 1, 2, 70),
});

const query: fc.Arbitrary<HistoryQuery> = fc.record(
  {
    limit: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 50, max: 150 })),
    bytes: fc.integer({ min: 0, max: 5_000 }),
    after: offset,
    before: offset,
    from: moment,
    to: moment,
    persisted: fc.boolean(),
  },
  { requiredKeys: ['limit'] },
);

const tailQuery: fc.Arbitrary<TailQuery> = fc.record(
  {
    count: fc.integer({ min: 0, max: 150 }),
    before: fc.oneof(fc.constant(1), offset),
    persisted: fc.boolean(),
  },
  { requiredKeys: ['count'] },
);

const listing = fc.record(
  {
    prefix: fc.constantFrom('', 'a', 'b', 'c', '_'),
    after: fc.constantFrom('', 'Z', ...channels),
    limit: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['prefix', 'limit'] },
);

const removal = fc.record({
  do: fc.constant('remove' as const),
  channel,
  target: fc.oneof(key, offset),
  at: fc.option(offset),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append'), batch: fc.array(choice, { maxLength: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.constantFrom(1, 499, 500, 999, 1000, 2500) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read'), channel, query }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tail'), channel, query: tailQuery }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('state'), channel, after: offset }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('follow', 'unfollow', 'clear'), channel }) },
  { weight: 2, arbitrary: removal },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('channels'), query: listing }) },
);

/** Does the command to both and compares what they say. */
async function step(kit: Kit, model: Model, start: number, next: Command): Promise<void> {
  const { engine, clock } = kit;
  const now = clock.now();
  switch (next.do) {
    case 'append': {
      const batch = next.batch.flatMap((choice) => drafted(choice, now));
      const receipts = await engine.append(batch);
      assert.deepEqual(
        receipts.map((receipt) => ({ ...receipt })),
        model.append(batch, now),
      );
      // Before anything else is awaited: delivery comes first.
      for (const name of channels)
        sameMessages(
          kit.sink.of(name),
          model.delivered.filter((m) => m.channel === name),
        );
      return;
    }
    case 'advance':
      return clock.advance(next.ms);
    case 'read':
      return compareRead(kit, model, next.channel, absolute(next.query, start));
    case 'tail':
      assert.deepEqual(
        { ...(await engine.tail(next.channel, next.query)) },
        model.tail(next.channel, next.query, now),
      );
      return;
    case 'state':
      return compareState(kit, model, next.channel, next.after);
    case 'follow':
      assert.deepEqual({ ...(await engine.follow(next.channel)) }, model.follow(next.channel));
      return;
    case 'unfollow':
      await engine.unfollow(next.channel);
      model.unfollow(next.channel);
      return;
    case 'clear':
      assert.equal(await engine.clear(next.channel), model.clear(next.channel));
      return;
    case 'remove':
      return compareRemove(kit, model, next.channel, next);
    case 'channels':
      assert.deepEqual(await engine.channels(next.query), model.channels(next.query));
  }
}

function drafted({ id, early, times, ...rest }: Choice, now: number): Draft[] {
  return Array.from({ length: times }, () => ({
    ...draftOf(rest.channel, rest),
    id: id ?? madeId(now + early),
    keyed: id !== null,
  }));
}

/** By an id that a publisher chose, or that of the message at an offset. */
async function compareRemove(
  kit: Kit,
  model: Model,
  channel: string,
  { target, at }: { readonly target: string | number; readonly at: number | null },
): Promise<void> {
  const id = typeof target === 'string' ? target : (model.idAt(channel, target) ?? 'unknown');
  const expected = model.remove(channel, id, kit.clock.now(), at ?? undefined);
  assert.deepEqual(await kit.engine.remove(channel, id, at ?? undefined), expected);
}

/** The query with its times counted from `start`. */
function absolute(query: HistoryQuery, start: number): HistoryQuery {
  const { from, to, ...rest } = query;
  return {
    ...rest,
    ...(from === undefined ? {} : { from: start + from }),
    ...(to === undefined ? {} : { to: start + to }),
  };
}

async function compareRead(kit: Kit, model: Model, channel: string, query: HistoryQuery): Promise<void> {
  const page = await kit.engine.read(channel, query);
  const expected = model.read(channel, query, kit.clock.now());
  sameMessages(page.messages, expected.messages);
  const { epoch, offset } = model.state(channel, 0, kit.clock.now());
  assert.deepEqual(
    { epoch: page.epoch, offset: page.offset, more: page.more },
    { epoch, offset, more: expected.more },
  );
}

async function compareState(kit: Kit, model: Model, channel: string, after: number): Promise<void> {
  const state = await kit.engine.state(channel, after);
  assert.deepEqual({ ...state }, model.state(channel, after, kit.clock.now()));
}

/** Any sequence of commands has the results that the model has. */
export function agreesWithModel(factory: EngineFactory, runs: number): Promise<void> {
  const commands = fc.array(command, { minLength: 5, maxLength: 60, size: 'max' });
  const property = fc.asyncProperty(retention, commands, async (limits, sequence) => {
    await using kit = await Kit.open(factory, limits);
    const { epoch } = await kit.engine.state('a');
    const model = new Model(limits, epoch);
    const start = kit.clock.now();
    for (const next of sequence) await step(kit, model, start, next);
    for (const name of channels) {
      await compareState(kit, model, name, 0);
      await compareRead(kit, model, name, { limit: 1000 });
      await compareRead(kit, model, name, { limit: 1000, persisted: true });
    }
  });
  return fc.assert(property, { numRuns: runs });
}
