import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { range } from '../../src/engine/conformance/kit.ts';
import { StartError } from '../../src/errors.ts';
import { createServer } from '../../src/index.ts';
import { jwt } from '../access/raw-jwt.ts';
import type { ChannelClient } from '../support/channel-client.ts';
import { Crew } from '../support/crew.ts';
import { closes, refusedCall } from '../support/refusals.ts';
import { testSecret } from '../support/server.ts';
import { Directory, Program, ServerProcess } from '../support/server-process.ts';

type Env = Readonly<Record<string, string>>;

const secret = { JWT_SECRET: testSecret };

/** It does not start: exit code 2, and one text for the operator. */
async function refuses(env: Env, expected: RegExp, args?: readonly string[]): Promise<void> {
  using directory = new Directory();
  await using server = new Program({
    env: { PORT: '0', LOG_LEVEL: 'warn', DATABASE_PATH: directory.join('chat.db'), ...secret, ...env },
    ...(args ? { args } : {}),
  });
  assert.deepEqual([await server.ended(), server.stdout], [{ code: 2, signal: null }, ''], server.output);
  assert.match(server.stderr, expected);
  assert.doesNotMatch(server.stderr, /\n\s+at |a worker failed/, 'no stack, and nothing that is not so');
}

describe('a server with several workers does not start', () => {
  for (const text of ['0', '1.5', 'foo', '-1', '100', '02', 'Auto']) {
    it(`with WORKERS=${text}: the message names the setting`, () =>
      refuses({ WORKERS: text }, new RegExp(`\\bWORKERS\\b.*"${text.replace('.', '\\.')}"`)));
  }

  it('with --workers 0: the same', () => refuses({}, /\bWORKERS\b.*"0"/, ['serve', '--workers', '0']));

  for (const [first, second] of [
    ['1', '2'],
    ['2', '2'],
    ['2', '1'],
  ] as const) {
    it(`on a port in use: ${second} beside a server with ${first}`, async () => {
      using directory = new Directory();
      await using other = await ServerProcess.start({
        env: { WORKERS: first, DATABASE_PATH: directory.join('other.db'), ...secret },
      });
      const { port } = new URL(other.url);
      const message = new RegExp(`PORT: 127\\.0\\.0\\.1:${port} is in use\\. .*another PORT`);
      await refuses({ PORT: port, WORKERS: second }, message);
      for (let n = 0; n < 10; n++) {
        assert.equal((await fetch(`${other.url}/health`, { headers: { connection: 'close' } })).status, 200);
      }
    });
  }

  it('on a file that another server has', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    await using other = await ServerProcess.start({ env: { WORKERS: '2', DATABASE_PATH: path, ...secret } });
    await refuses({ WORKERS: '2', DATABASE_PATH: path }, /DATABASE_PATH/);
    assert.equal((await fetch(`${other.url}/health`)).status, 200);
  });

  it('on a place that is no file', async () => {
    using directory = new Directory();
    await refuses({ WORKERS: '2', DATABASE_PATH: directory.path }, /DATABASE_PATH/);
  });

  it('inside a program', async () => {
    const making = createServer({ listen: { workers: 2 } } as never);
    await assert.rejects(
      making,
      (thrown) => thrown instanceof StartError && /listen\.workers/.test(thrown.message),
    );
  });
});

describe('a server with several workers starts', () => {
  it('with --workers auto: one for each core', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      args: ['serve', '--workers', 'auto'],
      env: { DATABASE_PATH: directory.join('chat.db'), ...secret },
    });
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(text, new RegExp(`^fanwire_workers ${availableParallelism()}$`, 'm'));
  });

  it('with --workers, which wins over WORKERS, and says how many there are', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      args: ['serve', '--workers', '3'],
      env: { WORKERS: '1', DATABASE_PATH: directory.join('chat.db'), ...secret },
    });
    await server.said(/workers +3 threads/);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(text, /^fanwire_workers 3$/m);
  });

  it('with messages in memory, too', async () => {
    await using crew = await Crew.start({ ENGINE: 'memory' });
    const [one, two] = await crew.clients();
    await one.subscribe('news');
    await two.publish('news', 1);
    await one.reached('news', 1);
  });

  it('with the settings in force on every worker: keys, origins, public keys', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await using crew = await Crew.start({
      WS_API_KEYS: 'reader:read:read-key-0123456789,writer:publish:write-key-0123456789',
      ALLOWED_ORIGINS: 'https://app.example',
      JWT_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      JWT_ALG: 'HS256,RS256',
    });
    const claims = { sub: 'ann', exp: Math.floor(Date.now() / 1000) + 60, scope: 'read' };
    const signed = jwt('RS256', privateKey, claims);
    const ask = (headers: Env) => crew.askAll('GET', '/ws/stats', undefined, headers);
    for (const answer of await ask({})) refusedCall(answer, 401, 'unauthorized');
    for (const answer of await ask({ 'x-api-key': 'wrong' })) refusedCall(answer, 401, 'unauthorized');
    for (const answer of await ask({ 'x-api-key': 'write-key-0123456789' })) {
      refusedCall(answer, 403, 'forbidden');
    }
    const read = { 'x-api-key': 'read-key-0123456789', origin: 'https://app.example' };
    for (const { status, headers } of await ask(read)) {
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [200, 'https://app.example']);
    }
    for (const { status } of await ask({ authorization: `Bearer ${signed}` })) assert.equal(status, 200);
  });
});

describe('the end of a server with several workers', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal}: everybody on both is told with 1012, and the exit code is 0`, async () => {
      await using crew = await Crew.start();
      const clients = await crew.clients();
      const streams = await crew.pair((headers) => crew.stream('/sse/connect?channels=c', headers));
      for (const stream of streams) await stream.next('connected');
      const ended = crew.process.kill(signal);
      for (const { socket } of clients) await closes(socket, 1012);
      for (const stream of streams) assert.equal((await stream.next('closed')).data.code, 1012);
      assert.deepEqual(await ended, { code: 0, signal: null });
    });
  }

  it('with nobody there takes less than two seconds', async () => {
    await using crew = await Crew.start();
    const began = performance.now();
    assert.deepEqual(await crew.end(), { code: 0, signal: null });
    assert.ok(performance.now() - began < 2000);
  });

  it('waits for no worker that is just being replaced', async () => {
    await using crew = await Crew.start();
    crew.fail('fault');
    await crew.lines.next(({ msg, worker }) => msg === 'worker listening' && worker === 1);
    crew.fail('fault');
    await crew.lines.next(({ msg }) => msg.startsWith('a worker failed'));
    const began = performance.now();
    assert.deepEqual(await crew.end(), { code: 0, signal: null });
    assert.ok(performance.now() - began < 5000);
  });

  it('under load: what was acknowledged is there afterwards', async () => {
    using directory = new Directory();
    const env = { DATABASE_PATH: directory.join('chat.db'), RECOVERY_WINDOW_SIZE: '1000000' };
    const acknowledged: { offset: number; content: string }[] = [];
    {
      await using crew = await Crew.start(env);
      const readers = await crew.clients();
      for (const reader of readers) await reader.subscribe('news');
      const publishers = [...(await crew.clients()), ...(await crew.clients())];
      const publish = async (client: ChannelClient, name: number): Promise<void> => {
        for (let n = 0; ; n++) {
          const content = `${name}-${n}`;
          const { offset } = await client.publish('news', content);
          acknowledged.push({ offset, content });
        }
      };
      const publishing = Promise.allSettled(publishers.map(publish));
      await readers[0]?.reached('news', 200);
      const last = Math.max(...acknowledged.map(({ offset }) => offset));
      assert.deepEqual(await crew.end(), { code: 0, signal: null });
      await publishing;
      for (const reader of readers) {
        await closes(reader.socket, 1012);
        const offsets = reader.offsets('news');
        assert.deepEqual(offsets, range(1, offsets.length));
        assert.ok(offsets.length >= last, 'what was acknowledged before the signal came before the end');
      }
    }
    await using next = await Crew.start(env);
    const kept = new Map<number, string>();
    for (let more = true, after = 0; more; ) {
      const { body } = await next.call('GET', `/api/channels/news/messages?after=${after}&limit=1000`);
      for (const { offset, content } of body.messages) kept.set(offset, content);
      after = Math.max(...kept.keys());
      more = body.more;
    }
    for (const { offset, content } of acknowledged) assert.equal(kept.get(offset), content);
  });
});
