import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../../src/access/gate.ts';
import { parseChannelPermissions } from '../../src/access/permissions.ts';
import { anonymous, type Principal } from '../../src/access/principal.ts';
import { Rooms } from '../../src/access/rooms.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { FanwireError } from '../../src/errors.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { MessageContext } from '../../src/middleware/context.ts';
import { Pipeline } from '../../src/middleware/pipeline.ts';
import { type Author, program, requester } from '../../src/publishing/author.ts';
import { toChannel, toEveryone, toUser } from '../../src/publishing/message.ts';
import { Publishing } from '../../src/publishing/publishing.ts';
import type { Quotas } from '../../src/publishing/quotas.ts';
import { FakeClock } from '../support/fake-clock.ts';

const news = toChannel('news', 'channel');
const small = { type: 'text', data: '"hi"' };
const large = { type: 'text', data: `"${'x'.repeat(200)}"` };
const reader: Principal = {
  ...anonymous,
  user: 'u1',
  via: 'jwt',
  channels: parseChannelPermissions({ subscribe: ['news'] }),
};

/** A publishing layer on a real hub, that notes what looked at a message. */
async function open(quotas?: Quotas) {
  const clock = new FakeClock();
  const reported: unknown[] = [];
  const report = (thrown: unknown): void => void reported.push(thrown);
  const retention = { windowSize: 100, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
  const engine = new MemoryEngine({ retention, clock });
  const hub = new Hub({ engine, clock, report });
  await hub.open();
  const pipeline = new Pipeline(report);
  const seen: string[] = [];
  const asked: Quotas = {
    admit: (author, publication) => {
      seen.push(`quota ${publication.data}`);
      quotas?.admit(author, publication);
    },
  };
  const gate = new Gate(new Rooms(hub, engine.rooms), 'all', { authRequired: true });
  const publishing = new Publishing({ hub, gate, pipeline, maxDataBytes: 100, quotas: asked, report });
  const texts = async (): Promise<string[]> =>
    (await hub.history('news', { limit: 100 })).messages.map(({ data }) => data);
  return { publishing, pipeline, seen, reported, texts };
}

/** The code of what is thrown at once, or rejected with. */
async function codeOf(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
  } catch (thrown) {
    if (thrown instanceof FanwireError) return thrown.code;
    throw thrown;
  }
  return 'published';
}

const connection = (principal: Principal): Author => ({
  origin: 'connection',
  principal,
  sender: { user: principal.user, connection: 'c1', client: null },
});

describe('the one way in for messages', () => {
  it('asks for permission, then for the size, then middleware, then quotas', async () => {
    const { publishing, pipeline, seen, texts } = await open();
    pipeline.use((context, next) => {
      seen.push(`middleware ${(context as MessageContext).data}`);
      return next();
    });
    const publish = (author: Author, message: typeof small) => publishing.published(author, news, message);
    assert.equal(await codeOf(() => publish(requester(reader), large)), 'forbidden');
    assert.equal(await codeOf(() => publish(requester(anonymous), large)), 'too_large');
    assert.deepEqual(seen, []);
    assert.equal(await codeOf(() => publish(requester(anonymous), small)), 'published');
    assert.deepEqual(seen, ['middleware hi', 'quota "hi"']);
    assert.deepEqual(await texts(), ['"hi"']);
  });

  it('is the same for a connection, a request and one of several', async () => {
    const { publishing } = await open();
    for (const author of [connection(reader), requester(reader)]) {
      assert.equal(await codeOf(() => publishing.published(author, news, small)), 'forbidden');
      assert.throws(() => publishing.ready(author, news, small), { code: 'forbidden' });
    }
    for (const author of [connection(anonymous), requester(anonymous), program]) {
      assert.equal(await codeOf(() => publishing.published(author, news, large)), 'too_large');
      assert.throws(() => publishing.ready(author, news, large), { code: 'too_large' });
      assert.equal(await codeOf(() => publishing.published(author, news, small)), 'published');
    }
  });

  it('asks a connection whether it may write to everyone, a request not: its scope says so', async () => {
    const { publishing } = await open();
    const publish = (author: Author) => publishing.published(author, toEveryone, small);
    assert.equal(await codeOf(() => publish(connection(anonymous))), 'forbidden');
    assert.equal(await codeOf(() => publish(requester(anonymous))), 'published');
    assert.equal(await codeOf(() => publish(program)), 'published');
  });

  it('asks a claim for the user that is written to', async () => {
    const { publishing } = await open();
    const publish = (author: Author) => publishing.published(author, toUser('u2', 'user'), small);
    assert.equal(await codeOf(() => publish(connection(reader))), 'forbidden');
    assert.equal(await codeOf(() => publish(connection(anonymous))), 'published');
  });

  it('looks at what middleware made of a message as at the message', async () => {
    const { publishing, pipeline, seen, texts } = await open();
    pipeline.use((context, next) => {
      if (context.kind === 'message' && context.data === 'grow') context.data = 'x'.repeat(200);
      if (context.kind === 'message' && context.data === 'forge') context.type = 'deleted';
      return next();
    });
    for (const [data, code] of [
      ['"grow"', 'too_large'],
      ['"forge"', 'bad_request'],
    ] as const) {
      const message = { type: 'text', data };
      assert.equal(await codeOf(() => publishing.published(requester(anonymous), news, message)), code);
      const author = requester(anonymous);
      const [result] = await publishing.together(author, [publishing.ready(author, news, message)]);
      assert.ok(result instanceof FanwireError);
      assert.equal(result.code, code);
    }
    assert.deepEqual(seen, []);
    assert.deepEqual(await texts(), []);
  });

  it('lets a program past middleware', async () => {
    const { publishing, pipeline, texts } = await open();
    pipeline.use(() => {});
    assert.equal(await codeOf(() => publishing.published(requester(anonymous), news, small)), 'forbidden');
    assert.equal(await codeOf(() => publishing.published(program, news, small)), 'published');
    assert.deepEqual(await texts(), ['"hi"']);
  });

  for (const through of [false, true]) {
    it(`tells each message that is over its quota, ${through ? 'with' : 'without'} middleware`, async () => {
      const { publishing, pipeline, reported, texts } = await open({
        admit: (_author, { data }) => {
          if (data === '"over"') throw new FanwireError('limit_reached', 'enough for now');
        },
      });
      if (through) pipeline.use((_context, next) => next());
      const author = requester(anonymous);
      const over = { type: 'text', data: '"over"' };
      assert.equal(await codeOf(() => publishing.published(author, news, over)), 'limit_reached');
      const items = [small, over, small].map((message) => publishing.ready(author, news, message));
      const results = await publishing.together(author, items);
      assert.deepEqual(
        results.map((result) => (result instanceof FanwireError ? result.code : result.offset)),
        [1, 'limit_reached', 2],
      );
      assert.deepEqual(await texts(), ['"hi"', '"hi"']);
      assert.deepEqual(reported, []);
    });
  }

  it('calls back in the turn of the delivery, and never before it has returned', async () => {
    const { publishing } = await open();
    let returned = false;
    await new Promise<void>((resolve, reject) => {
      const handed = publishing.publish(connection(anonymous), news, small, (error, receipt) => {
        assert.ok(returned);
        if (receipt) resolve();
        else reject(error);
      });
      assert.equal(handed, undefined);
      returned = true;
    });
  });
});
