import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type ConnectContext, FanwireError, type Identity, type Scope } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { Inbox } from '../support/inbox.ts';
import { onConnect } from '../support/layers.ts';
import { closes, refused } from '../support/refusals.ts';
import { testOrigin } from '../support/server.ts';
import { StreamClient } from '../support/stream-client.ts';

const strict = {
  relay: { authRequired: true },
  websocket: { authRequired: true },
  chat: { authRequired: true },
  sse: { authRequired: true },
} as const;

interface Door {
  readonly dialect: string;
  readonly path: string;
  /** Channels that one joins by connecting. */
  readonly channels: readonly string[];
}

/** The address of each dialect; the room dialect wants an Origin. */
const doors: readonly Door[] = [
  { dialect: 'relay', path: '/ws?room=lobby&client_id=c1', channels: ['lobby'] },
  { dialect: 'room', path: '/ws/lobby', channels: ['lobby'] },
  { dialect: 'channel', path: '/ws/connect', channels: [] },
  { dialect: 'chat', path: '/', channels: [] },
  { dialect: 'events', path: '/sse/connect?channels=news,lobby', channels: ['news', 'lobby'] },
];

/** Opens a connection of this dialect; rejects with a `Refused`. */
function knock(
  fw: Embedded,
  { dialect, path }: Door,
  headers: Record<string, string> = {},
): Promise<unknown> {
  if (dialect === 'events') return fw.stream(path, headers);
  return fw.socket(path, { headers: { origin: testOrigin, ...headers } });
}

/** Sessions by the cookie that stands for them. */
function byCookie(fw: Embedded, sessions: Readonly<Record<string, Identity>>): void {
  fw.fanwire.use(
    onConnect((context, next) => {
      const [, name = ''] = /(?:^|; )session=(\w+)/.exec(context.request.headers.cookie ?? '') ?? [];
      const identity = Object.hasOwn(sessions, name) ? sessions[name] : undefined;
      if (identity) context.authenticate(identity);
      return next();
    }),
  );
}

const cookie = (name: string) => ({ cookie: `theme=dark; session=${name}` });

describe('middleware around connections', () => {
  for (const door of doors) {
    it(`is passed by the ${door.dialect} dialect`, async () => {
      await using fw = await embedded();
      const seen: Partial<ConnectContext>[] = [];
      const users: (string | null)[] = [];
      fw.fanwire.use(
        onConnect(async (context, next) => {
          const { kind, transport, dialect, channels, user } = context;
          seen.push({ kind, transport, dialect, channels, user });
          assert.equal(context.request.headers['x-mine'], 'yes');
          assert.equal(context.request.socket.remoteAddress, '127.0.0.1');
          await next();
          users.push(context.user);
        }),
      );
      const { path, dialect, channels } = door;
      const token = await fw.token('u1');
      const signed = { ...door, path: `${path}${path.includes('?') ? '&' : '?'}token=${token}` };
      await knock(fw, signed, { 'x-mine': 'yes' });
      const transport = dialect === 'events' ? 'sse' : 'websocket';
      assert.deepEqual(seen, [{ kind: 'connect', transport, dialect, channels, user: null }]);
      assert.deepEqual(users, ['u1']);
    });

    it(`refuses a connection of the ${door.dialect} dialect`, async () => {
      await using fw = await embedded();
      const refusals: Record<string, () => unknown> = {
        fanwire: () => {
          throw new FanwireError('rate_limited', 'come back later');
        },
        status: () => {
          throw new FanwireError('forbidden', 'pay first', { status: 402 });
        },
        break: () => {
          throw new Error('a fault of the application');
        },
        nothing: () => {
          throw undefined;
        },
        drop: () => {},
      };
      fw.fanwire.use(
        onConnect(({ request }, next) => {
          const refusal = refusals[String(request.headers['x-refuse'])];
          return refusal ? refusal() : next();
        }),
      );
      const connects = new Inbox<string>('connects');
      fw.fanwire.on('connect', ({ id }) => connects.put(id));
      const turned = (way: string, status: number, code: string) =>
        refused(knock(fw, door, { 'x-refuse': way, authorization: `Bearer ${token}` }), status, code);
      const token = await fw.token('u1');
      assert.equal((await turned('fanwire', 429, 'rate_limited')).body.error.message, 'come back later');
      await turned('status', 402, 'forbidden');
      await turned('drop', 403, 'forbidden');
      assert.deepEqual(fw.log.messages, []);
      const fault = await turned('break', 500, 'internal');
      assert.ok(!JSON.stringify(fault.body).includes('application'));
      await turned('nothing', 500, 'internal');
      assert.equal(fw.log.messages.length, 2);
      assert.equal(fw.log.messages[0], 'a fault of the application');
      assert.deepEqual(connects.all, []);
      await knock(fw, door, { authorization: `Bearer ${token}` });
      assert.equal(connects.all.length, 1);
    });

    it(`signs a user of the ${door.dialect} dialect in by a cookie`, async () => {
      await using fw = await embedded(strict);
      byCookie(fw, { good: { user: 'u1' } });
      const connects = new Inbox<string | null>('connects');
      fw.fanwire.on('connect', ({ user }) => connects.put(user));
      await refused(knock(fw, door), 401, 'unauthorized');
      await refused(knock(fw, door, cookie('bad')), 401, 'unauthorized');
      await refused(knock(fw, door, cookie('constructor')), 401, 'unauthorized');
      await knock(fw, door, cookie('good'));
      assert.deepEqual(connects.all, ['u1']);
    });

    it(`does not spare the ${door.dialect} dialect the check of Origin`, async () => {
      await using fw = await embedded(strict);
      byCookie(fw, { good: { user: 'u1' } });
      const evil = { ...cookie('good'), origin: 'https://evil.example.com' };
      await refused(knock(fw, door, evil), 403, 'forbidden');
    });
  }

  it('does not spare the room dialect its Origin', async () => {
    await using fw = await embedded();
    byCookie(fw, { good: { user: 'u1' } });
    await refused(fw.socket('/ws/lobby', { headers: cookie('good') }), 403, 'forbidden');
  });

  it('is not asked about addresses that are none, and bad parameters', async () => {
    await using fw = await embedded();
    let asked = 0;
    fw.fanwire.use(
      onConnect((_context, next) => {
        asked++;
        return next();
      }),
    );
    await refused(fw.socket('/ws'), 400, 'bad_request');
    await refused(fw.socket('/nowhere'), 404, 'not_found');
    assert.equal(asked, 0);
  });

  it('hears of what the server refuses behind it', async () => {
    await using fw = await embedded({ websocket: { authRequired: true } });
    const heard: unknown[] = [];
    fw.fanwire.use(
      onConnect(async (_context, next) => {
        await next().catch((thrown: unknown) => heard.push(thrown));
      }),
    );
    await refused(fw.socket('/ws/connect'), 401, 'unauthorized');
    assert.deepEqual(
      heard.map((thrown) => thrown instanceof FanwireError && thrown.code),
      ['unauthorized'],
    );
  });

  it('works in layers that share a state', async () => {
    await using fw = await embedded();
    const steps: string[] = [];
    for (const name of ['a', 'b']) {
      fw.fanwire.use(
        onConnect(async ({ state }, next) => {
          steps.push(`${name} in ${String(state.last)}`);
          state.last = name;
          await next();
          steps.push(`${name} out`);
        }),
      );
    }
    await ChannelClient.open(fw);
    await ChannelClient.open(fw);
    const once = ['a in undefined', 'b in a', 'b out', 'a out'];
    assert.deepEqual(steps, [...once, ...once]);
  });

  it('lets others in while one of them waits', async () => {
    await using fw = await embedded();
    const waiting = new Inbox<() => void>('waiting');
    fw.fanwire.use(
      onConnect(async ({ request }, next) => {
        if (request.headers['x-slow']) await new Promise<void>((resolve) => waiting.put(resolve));
        await next();
      }),
    );
    const slow = ChannelClient.open(fw, { headers: { 'x-slow': 'yes' } });
    const go = await waiting.next();
    await (await ChannelClient.open(fw)).settled();
    go();
    await (await slow).settled();
  });

  it('opens no stream for who went away meanwhile', async () => {
    await using fw = await embedded();
    const waiting = new Inbox<string>('waiting');
    const done = new Inbox<string>('done');
    const connects = new Inbox<string>('connects');
    fw.fanwire.on('connect', ({ id }) => connects.put(id));
    fw.fanwire.use(
      onConnect(async ({ request, transport }, next) => {
        const closed = once(request.socket, 'close');
        waiting.put(transport);
        await closed;
        await next();
        done.put(transport);
      }),
    );
    const stream = new StreamClient(`${fw.url}/sse/connect`, {});
    await waiting.next();
    stream.close();
    await done.next();
    const { body } = await fw.call('GET', '/ws/stats');
    assert.deepEqual([connects.all, body.total_connections], [[], 0]);
    assert.deepEqual(fw.log.messages, []);
  });
});

describe('an identity that middleware gives', () => {
  it('stands for a user: direct messages, senders, presence', async () => {
    await using fw = await embedded();
    byCookie(fw, { good: { user: 'ü 💬' } });
    const client = await ChannelClient.open(fw, { headers: cookie('good') });
    assert.equal(client.greeting.content.user_id, 'ü 💬');
    await client.subscribe('$user:ü 💬');
    await fw.fanwire.sendToUser('ü 💬', { content: 'psst' });
    await client.reached('$user:ü 💬', 1);
    await client.subscribe('news');
    await client.publish('news', 1);
    assert.equal(client.messages('news')[0].sender.user_id, 'ü 💬');
    assert.equal((await fw.fanwire.presence('news')).users[0]?.user, 'ü 💬');
    assert.equal(await fw.fanwire.disconnectUser('ü 💬'), 1);
    await closes(client.socket, 4410);
  });

  it('may do what its channels say, and without any everything', async () => {
    await using fw = await embedded();
    byCookie(fw, {
      some: { user: 'u1', channels: { subscribe: ['news', 'room-*'], publish: ['news'] } },
      all: { user: 'u2' },
      none: { user: 'u3', channels: [] },
    });
    const some = await ChannelClient.open(fw, { headers: cookie('some') });
    await some.subscribe('room-1');
    await some.publish('news', 1);
    assert.equal(await some.refusal('subscribe', { channel: 'other' }), 'forbidden');
    assert.equal(await some.refusal('send_to_channel', { channel: 'room-1', content: 1 }), 'forbidden');
    const all = await ChannelClient.open(fw, { headers: cookie('all') });
    await all.subscribe('other');
    await all.publish('other', 1);
    const none = await ChannelClient.open(fw, { headers: cookie('none') });
    assert.equal(await none.refusal('subscribe', { channel: 'news' }), 'forbidden');
    await refused(fw.stream('/sse/connect?channels=news', cookie('none')), 403, 'forbidden');
    await refused(
      fw.socket('/ws/other', { headers: { ...cookie('some'), origin: testOrigin } }),
      403,
      'forbidden',
    );
  });

  it('has the scopes that it is given', async () => {
    await using fw = await embedded({ websocket: { authRequired: true } });
    const scopes: readonly Scope[] = ['broadcast'];
    byCookie(fw, { loud: { user: 'u1', scopes }, quiet: { user: 'u2' } });
    const loud = await ChannelClient.open(fw, { headers: cookie('loud') });
    assert.equal((await loud.ask('message', { content: 1 })).type, 'ack');
    const quiet = await ChannelClient.open(fw, { headers: cookie('quiet') });
    assert.equal(await quiet.refusal('message', { content: 1 }), 'forbidden');
  });

  it('ends when it expires: 4401', async () => {
    await using fw = await embedded();
    const expiresAt = Date.now() + 300;
    byCookie(fw, { short: { user: 'u1', expiresAt }, long: { user: 'u2' } });
    const short = await ChannelClient.open(fw, { headers: cookie('short') });
    const long = await ChannelClient.open(fw, { headers: cookie('long') });
    const stream = await fw.stream('/sse/connect', cookie('short'));
    await stream.next('connected');
    await closes(short.socket, 4401);
    assert.ok(Date.now() >= expiresAt);
    assert.equal((await stream.next('closed')).data.code, 4401);
    await long.settled();
  });

  it('wins over a token, which is not even looked at', async () => {
    await using fw = await embedded();
    byCookie(fw, { good: { user: 'u1' } });
    const other = await ChannelClient.open(fw, { headers: cookie('good'), user: 'u2' });
    assert.equal(other.greeting.content.user_id, 'u1');
    const broken = await ChannelClient.open(fw, { headers: cookie('good'), query: 'token=nonsense' });
    assert.equal(broken.greeting.content.user_id, 'u1');
  });

  it('is told to the layers, once next has returned', async () => {
    await using fw = await embedded();
    const users: (string | null)[] = [];
    fw.fanwire.use(
      onConnect(async (context, next) => {
        users.push(context.user);
        await next();
        users.push(context.user);
      }),
    );
    byCookie(fw, { good: { user: 'u1' } });
    await ChannelClient.open(fw, { headers: cookie('good') });
    await ChannelClient.open(fw);
    assert.deepEqual(users, [null, 'u1', null, null]);
  });

  it('is refused when nobody can be that user', async () => {
    await using fw = await embedded();
    const users = ['', 'x'.repeat(251), 'a\nb', undefined as unknown as string];
    byCookie(fw, Object.fromEntries(users.map((user, at) => [`s${at}`, { user }])));
    for (const at of users.keys()) {
      await refused(fw.socket('/ws/connect', { headers: cookie(`s${at}`) }), 422, 'bad_request');
    }
  });
});
