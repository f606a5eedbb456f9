import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { rawElements } from '../../src/json.ts';
import { TestServer } from './kit.ts';

describe('what is no JSON object', () => {
  const path = '/ws/broadcast';
  const refusals: readonly (readonly [string, number, string])[] = [
    ['{', 400, 'bad_json'],
    ['{"message":{"content":NaN}}', 400, 'bad_json'],
    ["{'message':1}", 400, 'bad_json'],
    ['{"message":{"content":1}} x', 400, 'bad_json'],
    ['\ufeff{"message":{"content":1}}', 400, 'bad_json'],
    ['[', 400, 'bad_json'],
    ['null', 422, 'bad_request'],
    ['[]', 422, 'bad_request'],
    ['"x"', 422, 'bad_request'],
    ['1', 422, 'bad_request'],
    ['true', 422, 'bad_request'],
    ['', 422, 'bad_request'],
    ['{"__proto__":{"message":{"content":1}}}', 422, 'bad_request'],
  ];
  for (const [text, status, code] of refusals) {
    it(`${JSON.stringify(text)} is ${status} ${code}`, async () => {
      await using server = await TestServer.start();
      const answer = await server.post(path, text);
      assert.equal(answer.status, status);
      assert.equal(answer.body.error.code, code);
      assert.deepEqual(Object.keys(answer.body.error), ['code', 'message']);
      assert.deepEqual(server.reported, []);
    });
  }

  it('is refused when its bytes are no UTF-8', async () => {
    await using server = await TestServer.start();
    const body = Buffer.from('{"message":{"content":"\xff"}}', 'latin1');
    const headers = { 'content-type': 'application/json' };
    const answer = await server.request('POST', path, { body, headers });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, 'bad_json');
  });

  it('no body is one that lacks everything', async () => {
    await using server = await TestServer.start();
    const answer = await server.request('POST', path);
    assert.equal(answer.status, 422);
    assert.equal(answer.body.error.code, 'bad_request');
  });

  it('with a byte order mark is told so', async () => {
    await using server = await TestServer.start();
    const text = '\ufeff{"message":{"content":1}}';
    const headers = { 'content-type': 'application/json' };
    for (const [body, hint] of [
      [Buffer.from(text), /not valid JSON: it begins with a byte order mark/],
      [Buffer.from(text, 'utf16le'), /not valid UTF-8: its byte order mark is that of UTF-16/],
      [Buffer.from(text, 'utf16le').swap16(), /not valid UTF-8: its byte order mark is that of UTF-16/],
    ] as const) {
      const answer = await server.request('POST', path, { body, headers });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.code, 'bad_json');
      assert.match(answer.body.error.message, hint);
    }
  });

  it('that is compressed is 415, naming the encoding', async () => {
    await using server = await TestServer.start();
    const text = '{"message":{"content":1}}';
    for (const [coding, body] of [
      ['gzip', gzipSync(text)],
      ['GZIP', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['deflate', deflateSync(text)],
      ['gzip, identity', gzipSync(text)],
      ['aes128gcm', Buffer.from(text)],
    ] as const) {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding };
      const answer = await server.request('POST', path, { body, headers });
      assert.equal(answer.status, 415, coding);
      assert.equal(answer.body.error.code, 'bad_request');
      assert.ok(answer.body.error.message.includes(`encoded as ${coding} `), answer.body.error.message);
    }
    const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' };
    assert.equal((await server.request('POST', path, { body: text, headers })).status, 200);
  });

  it('another Content-Type, or none, is 415', async () => {
    await using server = await TestServer.start();
    const body = '{"message":{"content":1}}';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data',
      'json',
      ';',
    ]) {
      const answer = await server.request('POST', path, { body, headers: { 'content-type': type } });
      assert.equal(answer.status, 415, type);
      assert.equal(answer.body.error.code, 'bad_request');
    }
    const untyped = await server.request('POST', path, { body: Buffer.from(body) });
    assert.equal(untyped.status, 415);
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON']) {
      const answer = await server.request('POST', path, { body, headers: { 'content-type': type } });
      assert.equal(answer.status, 200, type);
    }
  });
});

describe('a body over the limit', () => {
  it('is 413, at once where its length is said', async () => {
    await using server = await TestServer.start({ maxDataBytes: 1000 });
    const text = JSON.stringify({ message: { content: 'x' }, rest: 'y'.repeat(1000 + 16 * 1024) });
    for (const body of [text, 'x'.repeat(4_000_000)]) {
      const answer = await server.post('/ws/broadcast', body);
      assert.equal(answer.status, 413);
      assert.equal(answer.body.error.code, 'too_large');
      assert.match(answer.body.error.message, /17384 bytes/);
    }
    assert.deepEqual(server.reported, []);
  });

  it('is 413 in chunks as well', async () => {
    await using server = await TestServer.start({ maxDataBytes: 1000 });
    const chunks = async function* () {
      for (let i = 0; i < 100; i++) yield Buffer.alloc(1024, 0x20);
    };
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, duplex: 'half' as const };
    const response = await fetch(`${server.origin}/ws/broadcast`, { ...init, body: chunks() });
    assert.equal(response.status, 413);
  });

  it('just under it is read', async () => {
    await using server = await TestServer.start({ maxDataBytes: 1000 });
    const text = JSON.stringify({ message: { content: 'x' } });
    const answer = await server.post('/ws/broadcast', text + ' '.repeat(1000 + 16 * 1024 - text.length));
    assert.equal(answer.status, 200);
  });
});

describe('rawElements', () => {
  it('cuts an array into the texts of its elements', () => {
    const spaces = fc.constantFrom('', ' ', '\n\t ');
    const element = fc.tuple(fc.json(), spaces, spaces);
    fc.assert(
      fc.property(fc.array(element), spaces, (elements, space) => {
        const inside = elements.map(([text, before, after]) => before + text + after).join(',');
        const cut = rawElements(`${space}[${inside || space}]${space}`);
        assert.deepEqual(
          cut,
          elements.map(([text]) => text),
        );
      }),
    );
  });
});
