import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/cli/exit.ts';
import { linesOf } from '../../src/cli/input-lines.ts';
import { Backoff } from '../../src/cli/remote/backoff.ts';
import { readMessage } from '../../src/cli/remote/message-text.ts';
import { Progress, parsePosition } from '../../src/cli/remote/progress.ts';
import { targetOf } from '../../src/cli/remote/target.ts';
import { reasonOf, unreachable } from '../../src/cli/remote/unreachable.ts';
import { judge } from '../../src/cli/remote/verdict.ts';
import { closeCodes, parserCloseCodes } from '../../src/codes.ts';

const target = targetOf({}, {});

test('a text that is JSON is that value as written, any other a string', () => {
  for (const text of ['5', ' [1, 2] ', '"a"', 'null', '{"a": 1.50}']) {
    assert.deepEqual(readMessage(text), { json: text, doubtful: false });
  }
  for (const text of ['', 'hello', 'NaN', "{'a'", '["', 'äöü 😀', '"', 'tr\nue']) {
    const { json, doubtful } = readMessage(text);
    assert.equal(JSON.parse(json), text);
    assert.equal(doubtful, /^[[{"]/.test(text), text);
  }
});

test('lines are cut at line feeds wherever chunks end, also within a character', async () => {
  const bytes = Buffer.from('one\r\n\nzwö\n{"a":"\u2028"}\n  \nlast');
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const lines = [];
    for await (const together of linesOf(chunks())) lines.push(...together);
    assert.deepEqual(
      lines.map(({ number, text }) => [number, text]),
      [
        [1, 'one'],
        [3, 'zwö'],
        [4, '{"a":"\u2028"}'],
        [6, 'last'],
      ],
    );
  }
});

test('waits grow with jitter up to half a minute, and are short again after it worked', () => {
  for (const random of [0, 0.999]) {
    const backoff = new Backoff(() => random);
    const waits = Array.from({ length: 12 }, () => backoff.next());
    const factor = 0.5 + random / 2;
    assert.deepEqual(
      waits.slice(0, 3),
      [500, 1000, 2000].map((wait) => Math.round(wait * factor)),
    );
    assert.equal(waits.at(-1), Math.round(30_000 * factor));
    assert.ok(backoff.next(5000) >= 5000 + 15_000);
    backoff.reset();
    assert.equal(backoff.next(), Math.round(500 * factor));
  }
});

test('a follower asks for what it has not printed yet', () => {
  const fresh = new Progress('news', { history: 5 });
  assert.deepEqual(fresh.request(), { channel: 'news', history: 5 });
  assert.equal(fresh.position, null);
  fresh.subscribed({ epoch: 'e', offset: 9, replayed: 2 });
  assert.deepEqual(fresh.request(), { channel: 'news', history: 5 }, 'the replay has not come yet');
  fresh.message({ epoch: 'e', offset: 8 });
  assert.deepEqual(fresh.request(), { channel: 'news', position: { epoch: 'e', offset: 8 } });

  const resumed = new Progress('news', { position: { epoch: 'e', offset: 3 } });
  const gap = resumed.subscribed({ epoch: 'f', offset: 7, replayed: 0, gap: { from: 1, to: null } });
  assert.deepEqual(gap, { from: 1, to: null });
  assert.deepEqual(resumed.position, { epoch: 'f', offset: 7 });
  resumed.message({ epoch: 'f', offset: 9 });
  resumed.message({ epoch: 'f', offset: 8 });
  assert.deepEqual(
    resumed.position,
    { epoch: 'f', offset: 9 },
    'the replay comes behind what came by itself',
  );
  resumed.gap({ from: 1, to: null });
  assert.deepEqual(resumed.position, { epoch: 'f', offset: 9 });
  resumed.message({ epoch: 'f', offset: 1 });
  assert.deepEqual(resumed.position, { epoch: 'f', offset: 1 });
});

test('a position is an epoch and an offset', () => {
  assert.deepEqual(parsePosition('a:b:5'), { epoch: 'a:b', offset: 5 });
  for (const text of ['', '5', ':5', 'a:', 'a:-1', 'a:1.5', 'a:b'])
    assert.equal(parsePosition(text), null, text);
});

test('every close code is come back from, or not, as its table says', () => {
  for (const { code, reason, retry } of Object.values(closeCodes)) {
    const verdict = judge(target, { kind: 'closed', code }, true);
    const comesBack = retry && code !== closeCodes.tokenExpired.code;
    assert.equal('retry' in verdict, comesBack, reason);
  }
  for (const code of Object.keys(parserCloseCodes)) {
    assert.ok('fail' in judge(target, { kind: 'closed', code: Number(code) }, true));
  }
  for (const code of [1001, 1005, 1006, 1011]) {
    assert.ok('retry' in judge(target, { kind: 'closed', code }, true));
  }
});

test('a refusal that may pass is waited for, by one who was followed before', () => {
  const refusal = { status: 503, code: 'server_full', message: 'full', retryAfter: 5 };
  assert.deepEqual(judge(target, { kind: 'refused', refusal }, true), {
    retry: 'refused: server_full',
    least: 5000,
  });
  const first = judge(target, { kind: 'refused', refusal }, false);
  assert.ok('fail' in first);
  assert.equal(first.fail.message, 'full (503 server_full)\n  Try again in 5 s.');
  const forbidden = { ...refusal, status: 403, code: 'forbidden' };
  assert.ok('fail' in judge(target, { kind: 'refused', refusal: forbidden }, true));
});

test('what went wrong with a connection is told in words, with what to do', () => {
  const failed = (cause: object) => new TypeError('fetch failed', { cause });
  const withCode = (code: string) => Object.assign(new Error('x'), { code });
  assert.equal(reasonOf(failed(withCode('ECONNREFUSED'))), 'nothing listens there');
  assert.equal(
    reasonOf(failed(new AggregateError([withCode('ENOTFOUND')]))),
    'there is no host of this name',
  );
  assert.equal(reasonOf(failed(new Error('bad port'))), 'HTTP clients refuse this port');
  assert.match(reasonOf(failed(withCode('DEPTH_ZERO_SELF_SIGNED_CERT'))), /certificate is not trusted/);
  assert.equal(reasonOf(new Error('Opening handshake has timed out')), 'Opening handshake has timed out');
  const late = unreachable(target, new DOMException('x', 'TimeoutError'));
  assert.ok(late instanceof Failure);
  assert.match(late.message, /^http:\/\/127\.0\.0\.1:8000 did not answer in time\./);
  assert.match(unreachable(target, withCode('EPROTO')).message, /Does it speak TLS\?/);
  const remote = targetOf({ url: 'http://fan.example.com/below/' }, {});
  assert.match(
    unreachable(remote, withCode('ECONNREFUSED')).message,
    /^cannot connect to http:\/\/fan\.example\.com\/below: nothing listens there\.\n.*is this its address\?/,
  );
});

test('an address may be a WebSocket one, and lie below a path', () => {
  for (const [given, href] of [
    ['ws://a:1', 'http://a:1/'],
    ['wss://a', 'https://a/'],
    ['https://a/fan/', 'https://a/fan'],
    ['HTTP://A:80/', 'http://a/'],
  ] as const) {
    assert.equal(targetOf({ url: given }, {}).url.href, href);
  }
});
