import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createServer, type FanwireOptions } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import {
  closeHttp,
  Embedded,
  embedded,
  FaultLog,
  hosted,
  inMemory,
  listening,
  urlOf,
} from '../support/embedded.ts';
import { closes, refused } from '../support/refusals.ts';
import { failsWith, startFailure } from '../support/rejections.ts';
import { testSecret } from '../support/server.ts';

function quiet(options: FanwireOptions = {}) {
  return createServer({ ...inMemory, logger: new FaultLog(), ...options });
}

/** Options for a file of its own, removed when the test is over. */
function onFile(t: TestContext): FanwireOptions {
  const directory = mkdtempSync(join(tmpdir(), 'fanwire-embed-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return {
    engine: { kind: 'sqlite', databasePath: join(directory, 'chat.db') },
    jwt: { secret: testSecret },
    logger: new FaultLog(),
  };
}

describe('listen', () => {
  it('takes a free port for 0 and resolves to the address', async (t) => {
    const fanwire = await quiet();
    t.after(() => fanwire.close());
    assert.equal(fanwire.url, null);
    const url = await fanwire.listen(0);
    assert.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    assert.equal(fanwire.url, url);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it('takes the port of the settings when none is given, and the host', async (t) => {
    const fanwire = await quiet({ listen: { port: 0, host: 'localhost' } });
    t.after(() => fanwire.close());
    assert.match(await fanwire.listen(), /^http:\/\/localhost:[1-9]\d*$/);
  });

  it('says what to do about a port in use, and lets go of everything', async (t) => {
    const options = onFile(t);
    const other = createHttpServer();
    await listening(other);
    t.after(() => closeHttp(other));
    const port = Number(new URL(urlOf(other)).port);
    const fanwire = await createServer(options);
    const message = await startFailure(fanwire.listen(port));
    assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port} is in use\\. Stop what listens there`));
    assert.equal(fanwire.url, null);
    await failsWith(fanwire.publish('news', 1), 'unavailable');
    await fanwire.close();
    const next = await createServer(options);
    t.after(() => next.close());
    assert.match(await next.listen(0), /^http:/);
  });

  it('is refused twice, also before the first one is done', async (t) => {
    const fanwire = await quiet();
    t.after(() => fanwire.close());
    const first = fanwire.listen(0);
    assert.match(await startFailure(fanwire.listen(0)), /listening already/);
    const url = await first;
    assert.match(await startFailure(fanwire.listen(0)), /listening already/);
    assert.equal(fanwire.url, url);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it('is refused after close', async () => {
    const fanwire = await quiet();
    await fanwire.close();
    assert.match(await startFailure(fanwire.listen(0)), /closed/);
  });

  it('is refused after close of a server that listened', async () => {
    const fanwire = await quiet();
    await fanwire.listen(0);
    await fanwire.close();
    assert.match(await startFailure(fanwire.listen(0)), /closed/);
  });

  it('is left to the other server where there is one', async () => {
    await using fw = await hosted();
    assert.match(await startFailure(fw.fanwire.listen(0)), /attached/);
    assert.equal(fw.fanwire.url, null);
    assert.equal((await fw.call('GET', '/ws/stats')).status, 401);
  });
});

describe('publishing before listen', () => {
  it('keeps the messages for those who come later', async () => {
    const fanwire = await quiet();
    const { offset } = await fanwire.publish('news', 'early', { persist: true });
    assert.equal(offset, 1);
    const url = await fanwire.listen(0);
    await using fw = new Embedded(url, fanwire, new FaultLog(), () => fanwire.close());
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), ['early']);
  });
});

describe('close', () => {
  it('works without listen', async (t) => {
    const options = onFile(t);
    const fanwire = await createServer(options);
    await fanwire.publish('news', 1, { persist: true });
    await fanwire.close();
    const next = await createServer(options);
    assert.equal((await next.history('news', { limit: 10 })).messages.length, 1);
    await next.close();
  });

  it('can be called often, and at the same time', async () => {
    const listening = await quiet();
    await listening.listen(0);
    await Promise.all([listening.close(), listening.close()]);
    await listening.close();
    const unheard = await quiet();
    await Promise.all([unheard.close(), unheard.close()]);
    await unheard.close();
  });

  it('while it begins to listen leaves nothing listening', async () => {
    const fanwire = await quiet();
    const [url] = await Promise.all([fanwire.listen(0), fanwire.close()]);
    await assert.rejects(fetch(`${url}/health`));
  });

  it('tells connections to come back, and lets nobody in any more', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    await fw.fanwire.close();
    await closes(client.socket, 1012);
    assert.equal((await stream.next('closed')).data.code, 1012);
    await assert.rejects(fetch(`${fw.url}/health`));
  });

  it('commits and delivers what was accepted before', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const published = fw.fanwire.publish('news', 'last');
    await fw.fanwire.close();
    assert.equal((await published).offset, 1);
    assert.deepEqual(client.contents('news'), ['last']);
  });

  it('lets nothing be published any more', async () => {
    const fanwire = await quiet();
    await fanwire.listen(0);
    await fanwire.close();
    await failsWith(fanwire.publish('news', 1), 'unavailable');
  });
});

describe('a server made again on the same file', () => {
  it('goes on where the one before ended', async (t) => {
    const options = onFile(t);
    const before = await createServer(options);
    await before.listen(0);
    const first = await before.publish('news', 'one', { persist: true, id: 'i1' });
    await before.close();
    const after = await createServer(options);
    t.after(() => after.close());
    const again = await after.publish('news', 'other', { persist: true, id: 'i1' });
    assert.deepEqual({ ...again, duplicate: false }, first);
    assert.equal(again.duplicate, true);
    const second = await after.publish('news', 'two', { persist: true });
    assert.deepEqual([second.offset, second.epoch], [2, first.epoch]);
    const { messages } = await after.history('news', { limit: 10 });
    assert.deepEqual(
      messages.map(({ data }) => data),
      ['"one"', '"two"'],
    );
  });

  it('is refused while the one before is open', async (t) => {
    const options = onFile(t);
    const first = await createServer(options);
    t.after(() => first.close());
    assert.match(await startFailure(createServer(options)), /chat\.db/);
    assert.equal((await first.publish('news', 1)).offset, 1);
  });
});

describe('a server that signs people in', () => {
  it('refuses those who are not', async () => {
    await using fw = await embedded({ websocket: { authRequired: true } });
    await refused(fw.socket('/ws/connect'), 401, 'unauthorized');
  });
});
