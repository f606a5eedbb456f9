import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

describe('content', () => {
  const written = [
    '12345678901234567890',
    '1e400',
    '-0',
    '0.10000000000000000001',
    'null',
    'false',
    '""',
    '"\\u0041\\/\\ud83d\\ude00"',
    '"😀"',
    '[ 1 , 2 ]',
    '{"__proto__":{"a":1},"constructor":2}',
    '{"a":1,"a":2}',
    '{"content":{"message":{"content":1}}}',
  ];
  for (const text of written) {
    it(`${text} arrives as it was written`, async () => {
      await using server = await TestServer.start();
      const listener = await server.listen(['news']);
      await server.post('/ws/broadcast', `{"message":{"content":${text}}}`);
      await server.post(
        '/ws/send-to-channel',
        `{"channel":"news","message": {"id":"x", "content" : ${text} }}`,
      );
      await server.post('/sse/send-to-channel', `{"channel":"news","event":"e","data":${text}}`);
      assert.deepEqual(
        listener.received.map(({ data }) => data),
        [text, text, text],
      );
    });
  }

  it('is kept on one line', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen([]);
    await server.post('/ws/broadcast', '{"message":{"content":{\r\n"a":\n1}}}');
    assert.equal(listener.received[0]?.data, '{ "a": 1}');
  });

  it('of the last member of a name counts, as it does for every parser', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen([]);
    await server.post('/ws/broadcast', '{"message":{"content":1},"message":{"content":2,"c\\u006fntent":3}}');
    assert.equal(listener.received[0]?.data, '3');
  });

  it('has a limit of bytes', async () => {
    await using server = await TestServer.start({ maxDataBytes: 100 });
    const listener = await server.listen(['news']);
    const full = 'x'.repeat(98);
    assert.equal((await server.post('/ws/broadcast', { message: { content: full } })).status, 200);
    for (const content of [`${full}x`, 'ß'.repeat(50), '€'.repeat(33)]) {
      const { status, body } = await server.post('/ws/broadcast', { message: { content } });
      assert.equal(status, 413);
      assert.equal(body.error.code, 'too_large');
      assert.match(body.error.message, /100 bytes/);
    }
    const event = await server.post('/sse/send-to-channel', {
      channel: 'news',
      event: 'e',
      data: `${full}x`,
    });
    assert.equal(event.status, 413);
    const notification = await server.post('/sse/notification', { title: full, content: '' });
    assert.equal(notification.status, 413);
    assert.equal(listener.received.length, 1);
  });

  it('nested too deeply is refused by name', async () => {
    await using server = await TestServer.start();
    const content = `${'['.repeat(129)}${']'.repeat(129)}`;
    const { status, body } = await server.post('/ws/broadcast', `{"message":{"content":${content}}}`);
    assert.equal(status, 422);
    assert.match(body.error.message, /^message\.content is nested deeper than 128 levels/);
  });
});

describe('JSON that would break a careless parser', () => {
  it('does no harm beside the message', async () => {
    await using server = await TestServer.start({ maxDataBytes: 1_000_000 });
    const listener = await server.listen([]);
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
    const polluting = '"__proto__":{"message":1,"content":2},"constructor":{"prototype":{"x":1}}';
    const { status } = await server.post(
      '/ws/broadcast',
      `{${polluting},"deep":${deep},"message":{${polluting},"content":1}}`,
    );
    assert.equal(status, 200);
    assert.equal(listener.received[0]?.data, '1');
    const tooDeep = await server.post('/ws/broadcast', `{"message":{"content":${deep}}}`);
    assert.equal(tooDeep.status, 422);
    assert.equal('x' in {}, false);
  });
});
