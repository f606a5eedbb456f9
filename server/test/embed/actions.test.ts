import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ActionContext, type ActionHandler, FanwireError } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import * as doors from '../support/doors.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { Inbox } from '../support/inbox.ts';
import { closes } from '../support/refusals.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';
import { WaitingRoom } from '../support/waiting-room.ts';

/** A dialect that takes actions of the application's own, as the tests see it that hold for all of them. */
interface Speaker {
  readonly dialect: 'relay' | 'room' | 'channel' | 'chat';
  /** Actions that it has itself. */
  readonly builtIn: readonly string[];
  open(fw: Embedded, user?: string): Promise<SocketClient>;
  frame(action: string, more?: object): object;
  /** The whole answer to the frame, but for the time. */
  answer(action: string, value: unknown): object;
  /** The code of an error; undefined for any other frame. */
  code(frame: Frame): string | undefined;
}

const relay: Speaker = {
  dialect: 'relay',
  builtIn: ['message', 'join', 'leave', 'pong'],
  open: (fw, user) => doors.enter(fw, doors.relay, 'lobby', user === undefined ? {} : { user }),
  frame: (type, more = {}) => ({ type, ...more }),
  answer: (type, payload) => ({ type, payload }),
  code: ({ type, payload }) => (type === 'error' ? payload.code : undefined),
};

const room: Speaker = {
  dialect: 'room',
  builtIn: ['chat.message', 'presence.list', 'chat.history', 'system.pong'],
  open: (fw, user = 'u0') => doors.enter(fw, doors.room, 'lobby', { user }),
  frame: (type, more = {}) => ({ type, ref: 'r1', ...more }),
  answer: (type, data) => ({ type, ref: 'r1', data }),
  code: ({ type, code }) => (type === 'system.error' ? code : undefined),
};

const channel: Speaker = {
  dialect: 'channel',
  builtIn: [
    ...['ping', 'pong', 'subscribe', 'unsubscribe', 'send_to_channel', 'send_to_user', 'message'],
    ...['history', 'presence', 'refresh'],
  ],
  async open(fw, user) {
    const client = await ChannelClient.open(fw, user === undefined ? {} : { user });
    await client.subscribe('lobby');
    return client.socket;
  },
  frame: (action, data = {}) => ({ action, data, request_id: 'r1' }),
  answer: (type, content) => ({ type, content, request_id: 'r1' }),
  code: ({ type, content }) => (type === 'error' ? content.type : undefined),
};

const chat: Speaker = {
  dialect: 'chat',
  builtIn: ['join', 'message', 'leave', 'history', 'rooms', 'members', 'create', 'invite', 'kick'],
  open: (fw, user) => doors.enter(fw, doors.chat, 'lobby', user === undefined ? {} : { user }),
  frame: (action, more = {}) => ({ action, ...more }),
  answer: (action, data) => ({ action, data }),
  code: ({ action, code }) => (action === 'error' ? code : undefined),
};

const speakers: readonly Speaker[] = [relay, room, channel, chat];

/** The next frame, without the time. */
async function told(client: SocketClient): Promise<Frame> {
  const { timestamp: _time, ...frame } = await client.next();
  return frame;
}

/** Sends the frame and resolves to the code of the error that comes next. */
async function refusal({ code }: Speaker, client: SocketClient, frame: object): Promise<string | undefined> {
  client.send(frame);
  return code(await client.next());
}

for (const speaker of speakers) {
  const { dialect, builtIn, open, frame, answer } = speaker;
  const act = async (fw: Embedded, handler: ActionHandler): Promise<SocketClient> => {
    fw.fanwire.action(dialect, 'vote', handler).action(dialect, 'after', () => 'after');
    return open(fw);
  };

  describe(`an action of the application’s own in the ${dialect} dialect`, () => {
    it('is answered in the form of the dialect', async () => {
      await using fw = await embedded();
      const values: unknown[] = [{ yes: 1 }, 'text', 0, false, null, [1], ''];
      const left = [...values];
      const client = await act(fw, () => left.shift());
      for (const value of values) {
        client.send(frame('vote'));
        assert.deepEqual(await told(client), answer('vote', value));
      }
    });

    it('may take its time', async () => {
      await using fw = await embedded();
      const client = await act(fw, () => Promise.resolve('later'));
      client.send(frame('vote'));
      assert.deepEqual(await told(client), answer('vote', 'later'));
    });

    it('is not answered when it returns undefined', async () => {
      await using fw = await embedded();
      let done = 0;
      const client = await act(fw, () => void done++);
      client.send(frame('vote'));
      client.send(frame('after'));
      assert.deepEqual(await told(client), answer('after', 'after'));
      assert.equal(done, 1);
    });

    it('is told who asks, and the whole frame', async () => {
      await using fw = await embedded();
      const contexts = new Inbox<ActionContext>('contexts');
      const ids = new Inbox<string>('ids');
      fw.fanwire.on('connect', ({ id }) => ids.put(id));
      await act(fw, (context) => contexts.put(context));
      const client = await open(fw, 'u1');
      const sent = frame('vote', { option: 'b', deep: { __proto__: null, n: [1] } });
      client.send(sent);
      const { connection, frame: got } = await contexts.next();
      const { channels, ...who } = connection;
      assert.deepEqual(who, { id: ids.all[1], user: 'u1', dialect });
      assert.ok(channels.includes('lobby'));
      assert.deepEqual(got, JSON.parse(JSON.stringify(sent)));
    });

    it('is refused by a FanwireError, with its code', async () => {
      await using fw = await embedded();
      const client = await act(fw, async () => {
        throw new FanwireError('limit_reached', 'one vote each');
      });
      client.send(frame('vote'));
      const error = await told(client);
      assert.equal(speaker.code(error), 'limit_reached');
      assert.ok(JSON.stringify(error).includes('one vote each'));
      if ('ref' in frame('vote')) assert.equal(error.ref, 'r1');
      if ('request_id' in frame('vote')) assert.equal(error.request_id, 'r1');
      assert.deepEqual(fw.log.messages, []);
    });

    it('tells nothing of anything else that is thrown, and goes on', async () => {
      await using fw = await embedded();
      const faults: unknown[] = [new Error('fault'), 'fault', undefined];
      const client = await act(fw, () => {
        throw faults.shift();
      });
      for (let left = faults.length; left > 0; left--) {
        client.send(frame('vote'));
        const error = await client.next();
        assert.equal(speaker.code(error), 'internal');
        assert.ok(!JSON.stringify(error).includes('"fault'));
      }
      client.send(frame('after'));
      assert.deepEqual(await told(client), answer('after', 'after'));
      assert.deepEqual(fw.log.messages, ['fault', 'fault', 'undefined']);
    });

    it('fails as internal with a value that has no JSON', async () => {
      await using fw = await embedded();
      const client = await act(fw, () => ({ n: 1n }));
      assert.equal(await refusal(speaker, client, frame('vote')), 'internal');
      assert.equal(fw.log.messages.length, 1);
    });

    it('does not take over what the dialect has itself', async () => {
      await using fw = await embedded();
      const called: string[] = [];
      for (const name of builtIn) fw.fanwire.action(dialect, name, () => called.push(name));
      const client = await act(fw, () => 'own');
      for (const name of builtIn) client.send(frame(name));
      client.send(frame('vote'));
      await client.inbox.until(() => client.inbox.all.some((got) => JSON.stringify(got).includes('"own"')));
      assert.deepEqual(called, []);
    });

    it('is known by its name alone', async () => {
      await using fw = await embedded();
      const client = await act(fw, () => 'own');
      for (const name of ['Vote', 'vote ', '', 'constructor', '__proto__', 'x'.repeat(1000)]) {
        assert.equal(await refusal(speaker, client, frame(name)), 'unknown_action', name);
      }
      for (const other of speakers.filter((one) => one.dialect !== dialect)) {
        const elsewhere = await other.open(fw);
        assert.equal(await refusal(other, elsewhere, other.frame('vote')), 'unknown_action', other.dialect);
      }
    });

    it('may have any name', async () => {
      await using fw = await embedded();
      const names = ['constructor', '__proto__', 'toString', 'ü 💬', 'a.b', ''];
      for (const name of names) fw.fanwire.action(dialect, name, () => `own ${name}`);
      const client = await open(fw);
      for (const name of names) {
        client.send(frame(name));
        assert.deepEqual(await told(client), answer(name, `own ${name}`));
      }
    });

    it('is the last one that was added under its name', async () => {
      await using fw = await embedded();
      const client = await act(fw, () => 'first');
      fw.fanwire.action(dialect, 'vote', () => 'second');
      client.send(frame('vote'));
      assert.deepEqual(await told(client), answer('vote', 'second'));
    });

    it('leaves unknown actions bad frames, and is none itself', async () => {
      await using fw = await embedded();
      const client = await act(fw, () => {
        throw new FanwireError('bad_request', 'no');
      });
      for (let times = 0; times < 19; times++) client.send(frame('nonsense'));
      client.send(frame('vote'));
      for (let times = 0; times < 19; times++) client.send(frame('nonsense'));
      client.send(frame('after'));
      await client.inbox.until(() => client.inbox.all.some((got) => JSON.stringify(got).includes('"after"')));
      for (let times = 0; times < 20; times++) client.send(frame('nonsense'));
      await closes(client, 4400);
    });

    it('keeps its place among the frames of the connection', async () => {
      await using fw = await embedded();
      const hall = new WaitingRoom<string>('actions');
      const client = await act(fw, async ({ frame: asked }) => {
        const { n } = { ...asked, ...(asked.data as object | undefined) } as { n?: string };
        await hall.wait(String(n));
        return `vote ${n}`;
      });
      const known = client.inbox.all.length;
      client.send(frame('vote', { n: '1' }));
      client.send(frame('after'));
      client.send(frame('vote', { n: '2' }));
      client.send(frame('nonsense'));
      await hall.arrival('1');
      assert.deepEqual(hall.came.all, ['1']);
      hall.release('1');
      await hall.arrival('2');
      hall.release('2');
      await client.inbox.until(() => client.inbox.all.some((got) => speaker.code(got) === 'unknown_action'));
      const answers = client.inbox.all.slice(known).map(({ timestamp: _time, ...got }) => got);
      assert.deepEqual(answers.slice(0, 3), [
        answer('vote', 'vote 1'),
        answer('after', 'after'),
        answer('vote', 'vote 2'),
      ]);
      assert.equal(answers.length, 4);
    });

    it('does not hold up other connections', async () => {
      await using fw = await embedded();
      const hall = new WaitingRoom<string>('actions');
      const slow = await act(fw, () => hall.wait('slow'));
      const quick = await open(fw, 'u2');
      slow.send(frame('vote'));
      await hall.arrival('slow');
      quick.send(frame('after'));
      assert.deepEqual(await told(quick), answer('after', 'after'));
      hall.release('slow');
      slow.send(frame('after'));
      await slow.inbox.until(() => slow.inbox.all.some((got) => JSON.stringify(got).includes('"after"')));
    });

    it('is not answered to who has gone', async () => {
      await using fw = await embedded();
      const hall = new WaitingRoom<string>('actions');
      const gone = new Inbox<string>('gone');
      fw.fanwire.on('disconnect', ({ id }) => gone.put(id));
      const client = await act(fw, async () => {
        await hall.wait('vote');
        return 'too late';
      });
      client.send(frame('vote'));
      client.send(frame('vote'));
      await hall.arrival('vote');
      client.close();
      await gone.next();
      hall.release('vote');
      const other = await open(fw, 'u2');
      other.send(frame('after'));
      assert.deepEqual(await told(other), answer('after', 'after'));
      assert.deepEqual([hall.came.all.length, fw.log.messages], [1, []]);
    });
  });
}

describe('an action of the application’s own', () => {
  it('waits for the publishes before it', async () => {
    await using fw = await embedded();
    let committed = 0;
    fw.fanwire.on('message', () => committed++);
    fw.fanwire.action('channel', 'count', () => committed);
    const client = await ChannelClient.open(fw);
    for (let at = 0; at < 10; at++) client.send('send_to_channel', { channel: 'news', content: at });
    assert.equal((await client.ask('count')).content, 10);
  });

  it('may publish, and what it published comes before its answer', async () => {
    await using fw = await embedded();
    fw.fanwire.action('channel', 'announce', async ({ connection }) => {
      const { offset } = await fw.fanwire.publish('news', `by ${connection.user}`);
      return { offset };
    });
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.subscribe('news');
    assert.deepEqual((await client.ask('announce')).content, { offset: 1 });
    assert.deepEqual(client.contents('news'), ['by u1']);
  });

  it('does not pass the middleware', async () => {
    await using fw = await embedded();
    fw.fanwire.use((context, next) => (context.kind === 'message' ? undefined : next()));
    fw.fanwire.action('channel', 'vote', () => 'counted');
    const client = await ChannelClient.open(fw);
    assert.equal((await client.ask('vote')).content, 'counted');
  });

  it('needs a name that is a text: anything else is a bad request', async () => {
    await using fw = await embedded();
    fw.fanwire.action('channel', '7', () => 'counted');
    const client = await ChannelClient.open(fw);
    client.socket.send({ action: 7, request_id: 'r1' });
    assert.equal((await client.socket.next({ request_id: 'r1' })).content.type, 'bad_request');
  });
});
