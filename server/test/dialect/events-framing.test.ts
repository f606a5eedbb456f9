import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode, encodeEvent } from '../../src/dialect/events/codec.ts';
import { decodeCursor } from '../../src/dialect/events/cursor.ts';
import { bodyOf, readChunks } from '../support/chunks.ts';
import { RawSocket, requestText } from '../support/raw-socket.ts';
import { type TestServer, testServer } from '../support/server.ts';

function publish(fw: TestServer, channel: string, content: unknown, type = 'text') {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content, type } });
}

/** A stream as its bytes, by this version of HTTP. */
async function rawStream(fw: TestServer, query: string, version: '1.0' | '1.1'): Promise<RawSocket> {
  const raw = new RawSocket(fw.url);
  raw.write(requestText(`GET /sse/connect?${query} HTTP/${version}`, [['Host', 'localhost']]));
  await raw.until((text) => text.includes('event: connected') && text.includes('\n\n'));
  return raw;
}

async function connectionOf(raw: RawSocket): Promise<string> {
  const id = /"connection_id":"([^"]*)"/.exec(raw.text)?.[1];
  assert.ok(id);
  return id;
}

describe('by HTTP/1.1 the stream', () => {
  it('comes in chunks, each of whole events, that a proxy may not change', async () => {
    await using fw = await testServer();
    const raw = await rawStream(fw, 'channels=a', '1.1');
    for (const content of ['one', 'zwölf', 'drei 😀']) await publish(fw, 'a', content);
    await raw.until((text) => text.includes('"content":"drei') && text.endsWith('\n\n\r\n'));
    const head = await raw.head();
    assert.match(head, /^Transfer-Encoding: chunked$/m);
    assert.match(head, /^Cache-Control: no-store, no-transform$/m);
    assert.doesNotMatch(head, /^Content-Length/im);
    const { chunks, ended } = readChunks(raw.text);
    assert.equal(ended, false);
    for (const chunk of chunks) assert.ok(chunk.endsWith('\n\n'));
    assert.match(bodyOf(raw.text), /"content":"zwölf".*"content":"drei 😀"/s);
    raw.close();
  });

  it('ends with the last chunk, behind `closed`', async () => {
    await using fw = await testServer();
    const raw = await rawStream(fw, 'channels=a', '1.1');
    await fw.call('DELETE', `/ws/connections/${await connectionOf(raw)}`);
    await raw.ended();
    const { chunks, ended } = readChunks(raw.text);
    assert.ok(ended);
    assert.match(chunks.at(-1) ?? '', /^event: closed\n/);
  });

  it('ends so as well when the server ends', async () => {
    let raw: RawSocket;
    {
      await using fw = await testServer();
      raw = await rawStream(fw, '', '1.1');
    }
    await raw.ended();
    assert.ok(readChunks(raw.text).ended);
  });
});

describe('by HTTP/1.0 the stream', () => {
  it('comes as it is, and ends with the connection', async () => {
    await using fw = await testServer();
    const raw = await rawStream(fw, 'channels=a', '1.0');
    await publish(fw, 'a', 'hello');
    await raw.until((text) => text.includes('"content":"hello"') && text.endsWith('\n\n'));
    await fw.call('DELETE', `/ws/connections/${await connectionOf(raw)}`);
    await raw.ended();
    assert.doesNotMatch(await raw.head(), /^Transfer-Encoding/im);
    const body = raw.text.slice((await raw.head()).length + 4);
    assert.ok(body.startsWith('retry: 3000\nevent: connected\n'));
    assert.match(body, /\n\nevent: message\ndata: .*"content":"hello".*\nid: .*\n\nevent: closed\n.*\n\n$/s);
  });

  it('has the same events as one in chunks, of the same channels at the same time', async () => {
    await using fw = await testServer();
    const streams = await Promise.all([
      rawStream(fw, 'channels=a,b', '1.0'),
      rawStream(fw, 'channels=b,a', '1.1'),
      rawStream(fw, 'channels=a,b', '1.1'),
    ]);
    for (let content = 1; content <= 50; content++) await publish(fw, content % 2 ? 'a' : 'b', content);
    for (const raw of streams) await raw.until((text) => text.includes('"content":50,'));
    const [plain = '', ...inChunks] = streams.map(({ text }, place) =>
      (place === 0 ? text : bodyOf(text)).slice(place === 0 ? text.indexOf('\r\n\r\n') + 4 : 0),
    );
    const messages = (text: string): string[] => text.match(/^event: message\ndata: .*$/gm) ?? [];
    assert.equal(messages(plain).length, 50);
    for (const text of inChunks) assert.deepEqual(messages(text), messages(plain));
    for (const raw of streams) raw.close();
  });
});

/** What ends a line for the readers of some language or other. */
const separators = ['\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'];
const lineEnds = new RegExp(`\r\n|[${separators.join('')}]`);

describe('a line of the stream', () => {
  it('is ended by nothing in a message', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=a');
    await stream.next('connected');
    const content = { [`key${separators.join('')}`]: separators.join('x'), id: '\u2028id: forged' };
    await publish(fw, 'a', content);
    const { data } = await stream.next('message');
    assert.deepEqual(data.content, content);
    for (const line of stream.text.split(lineEnds)) assert.match(line, /^((event|data|id|retry): .*)?$/);
  });

  it('is ended by nothing in the type of a message: the event has a space there, the data the type', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=a');
    await stream.next('connected');
    await publish(fw, 'a', 1, 'price\u2028data: forged');
    const { data } = await stream.next('price data: forged');
    assert.equal(data.type, 'price\u2028data: forged');
    for (const line of stream.text.split(lineEnds)) assert.match(line, /^((event|data|id|retry): .*)?$/);
  });

  it('is ended by nothing at all', () => {
    const text = fc.string({ unit: fc.constantFrom(...separators, 'a', ' ', ':', '"', '\\', 'ä') });
    fc.assert(
      fc.property(text, text, text, (type, id, value) => {
        const sender = { user: value, connection: id, client: null };
        const rest = { offset: 1, epoch: 'e', time: 1, persist: false };
        const message = { ...rest, type, id, channel: value, data: JSON.stringify(value), sender };
        const lines = encode(message, 'e;a:1').split(lineEnds);
        assert.deepEqual(
          lines.map((line) => line.split(':', 1)[0]),
          ['event', 'data', 'id', '', ''],
        );
        assert.equal(JSON.parse(lines[1]?.slice('data: '.length) ?? '').content, value);
        assert.equal(encodeEvent('x', JSON.stringify({ value }), null).split(lineEnds).length, 4);
      }),
    );
  });

  const forged = 'x\n\nevent: message\ndata: {"forged":true}\n\nid: y';
  for (const cursor of [
    `${forged};a:1`,
    `e;a:1:${forged}`,
    `e;a:1,b:2:${forged}`,
    'e\u2028;a:1',
    'e\r;a:1',
  ]) {
    it(`is not ended by the epoch of a cursor: ${JSON.stringify(cursor)}`, async () => {
      assert.equal(decodeCursor(cursor), null);
      await using fw = await testServer();
      const stream = await fw.stream(`/sse/connect?channels=a&last_event_id=${encodeURIComponent(cursor)}`);
      await stream.next('gap', { channel: 'a' });
      await publish(fw, 'a', 'real');
      await stream.next('message', { content: 'real' });
      assert.doesNotMatch(stream.text, /forged/);
      for (const line of stream.text.split(lineEnds)) assert.match(line, /^((event|data|id|retry): .*)?$/);
    });
  }
});
