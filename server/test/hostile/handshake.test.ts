import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { serverOptions } from '../../src/api/http-server.ts';
import { hosted } from '../support/embedded.ts';
import { handshakeHeaders, RawSocket, rawAnswer, requestText } from '../support/raw-socket.ts';
import { testOrigin } from '../support/server.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

type Headers = readonly (readonly [string, string])[];

function upgrade(headers: Headers = [], line = 'GET /ws/connect HTTP/1.1'): string {
  return requestText(line, [...handshakeHeaders, ...headers]);
}

/** The good handshake with one header changed, or left out. */
function changed(name: string, value: string | null, line?: string): string {
  const others = handshakeHeaders.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return requestText(
    line ?? 'GET /ws/connect HTTP/1.1',
    value === null ? others : [...others, [name, value]],
  );
}

const get = (path: string, headers: Headers = []): string =>
  requestText(`GET ${path} HTTP/1.1`, [['Host', 'localhost'], ...headers]);

/** The answer is JSON with this code, as every error over HTTP is. */
async function refused(
  fw: WatchedServer,
  bytes: string | Uint8Array,
  status: number,
  code: string,
): Promise<void> {
  const answer = await rawAnswer(fw.url, bytes);
  const start = String(bytes).slice(0, 300);
  assert.equal(answer.status, status, `${start}\n${answer.headers}`);
  assert.equal(answer.body?.error?.code, code, `${start}\n${answer.headers}\n${JSON.stringify(answer.body)}`);
}

describe('a bad handshake is refused as HTTP, with a JSON body', () => {
  const bad: Readonly<Record<string, [string, number]>> = {
    'no key': [changed('Sec-WebSocket-Key', null), 400],
    'a key of the wrong length': [changed('Sec-WebSocket-Key', 'short'), 400],
    'two keys': [upgrade([['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']]), 400],
    'no version': [changed('Sec-WebSocket-Version', null), 400],
    'version 7': [changed('Sec-WebSocket-Version', '7'), 400],
    'version NaN': [changed('Sec-WebSocket-Version', '__proto__'), 400],
    'an empty name among the subprotocols': [upgrade([['Sec-WebSocket-Protocol', 'a,,b']]), 400],
    'a subprotocol twice': [upgrade([['Sec-WebSocket-Protocol', 'a, a']]), 400],
    'a subprotocol with a quote': [upgrade([['Sec-WebSocket-Protocol', '"']]), 400],
    'bearer without a token': [upgrade([['Sec-WebSocket-Protocol', 'bearer']]), 400],
    'the method POST': [upgrade([], 'POST /ws/connect HTTP/1.1'), 400],
    'another host in the target': [upgrade([], 'GET http://evil.example/ws/connect HTTP/1.1'), 400],
    'two different tokens': [
      upgrade([['Authorization', 'Bearer a']], 'GET /ws/connect?token=b HTTP/1.1'),
      400,
    ],
  };
  for (const [title, [bytes, status]] of Object.entries(bad)) {
    it(title, async () => {
      await using fw = await watchedServer();
      await refused(fw, bytes, status, 'bad_request');
      await fw.unharmed();
    });
  }

  it('paths where no WebSocket is', async () => {
    await using fw = await watchedServer();
    const paths = [
      '/health',
      '/sse/connect',
      '/ws/a/b',
      '//',
      '//evil/ws',
      '/ws/',
      '/__proto__',
      `/${'x'.repeat(9000)}`,
    ];
    for (const path of paths) await refused(fw, upgrade([], `GET ${path} HTTP/1.1`), 404, 'not_found');
    await fw.unharmed();
  });
});

describe('names of Object.prototype in the handshake mean nothing', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    it(name, async () => {
      await using fw = await watchedServer();
      for (const header of ['Sec-WebSocket-Extensions', 'Sec-WebSocket-Protocol', 'Cookie', name]) {
        const raw = await RawSocket.webSocket(fw.url, '/ws/connect', [[header, `${name}`]]);
        await raw.frames.next(({ payload }) => payload.includes('"connected"'));
        raw.close();
      }
      await refused(fw, upgrade([['Authorization', `Bearer ${name}`]]), 401, 'unauthorized');
      await refused(fw, upgrade([['X-API-Key', name]]), 401, 'unauthorized');
      await fw.unharmed();
    });
  }

  for (const bits of ['', '=0', '=7', '=16', '=999', '=x', '="10"']) {
    it(`compression is never agreed to, with server_max_window_bits${bits}`, async () => {
      await using fw = await watchedServer();
      const offer = `permessage-deflate; server_max_window_bits${bits}; client_max_window_bits${bits}`;
      const raw = await RawSocket.webSocket(fw.url, '/ws/connect', [['Sec-WebSocket-Extensions', offer]]);
      assert.doesNotMatch(raw.text, /permessage-deflate/);
      raw.close();
      await fw.unharmed();
    });
  }
});

describe('too many or too long headers', () => {
  const many = (count: number, value: string): Headers =>
    Array.from({ length: count }, (_, index) => [`x${index}`, value] as const);

  it('2,000 headers before Upgrade do no harm', async () => {
    await using fw = await watchedServer();
    for (const count of [1990, 2000, 2010]) {
      const headers = [...many(count, ''), ...handshakeHeaders];
      const { status } = await rawAnswer(fw.url, requestText('GET /ws/connect HTTP/1.1', headers));
      assert.ok([101, 400, 404, 426, 431].includes(status), `${count} headers: ${status}`);
    }
    await fw.unharmed();
  });

  it('over 32 KiB they are 431 too_large, for HTTP and for upgrades', async () => {
    await using fw = await watchedServer();
    for (const headers of [many(2000, 'x'.repeat(20)), many(1, 'x'.repeat(40_000))]) {
      await refused(fw, upgrade(headers), 431, 'too_large');
      await refused(fw, get('/health', headers), 431, 'too_large');
    }
    await refused(fw, get(`/${'x'.repeat(40_000)}`), 431, 'too_large');
    await fw.unharmed();
  });
});

describe('no header takes more than linear time', () => {
  const length = 30_000;
  const evil: Readonly<Record<string, string>> = {
    'blanks between two letters': `b${' '.repeat(length)}x`,
    'tabs between two letters': `b${'\t'.repeat(length)}x`,
    commas: ','.repeat(length),
    semicolons: `a${';'.repeat(length)}`,
    'quotes and backslashes': `a="${'\\"'.repeat(length / 2)}`,
    'equals signs': `a${'='.repeat(length)}`,
    'many names': `${'a,'.repeat(length / 2)}a`,
    'many parameters': `a${'; b=c'.repeat(length / 5)}`,
    dots: `http://${'a.'.repeat(length / 2)}`,
    'at signs': `http://${'a@'.repeat(length / 2)}`,
    'percent signs': '%'.repeat(length),
  };
  const names = [
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Origin',
    'Cookie',
    'Accept',
    'Authorization',
    'X-API-Key',
    'Content-Type',
    'Last-Event-ID',
  ];
  /** Milliseconds. A quadratic scan of a header takes several times as long, an exponential one for ever. */
  const most = 250;

  async function quickest(fw: WatchedServer, bytes: string): Promise<number> {
    let best = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 4 && best > most; attempt++) {
      const start = performance.now();
      await rawAnswer(fw.url, bytes);
      best = Math.min(best, performance.now() - start);
    }
    return best;
  }

  for (const [title, value] of Object.entries(evil)) {
    it(title, async () => {
      await using fw = await watchedServer();
      for (const name of names) {
        const took = await quickest(fw, upgrade([[name, value]]));
        assert.ok(took < most, `${name} of an upgrade: ${took} ms`);
        const stream = await quickest(fw, get('/sse/connect', [[name, value]]));
        assert.ok(stream < most, `${name} of a stream: ${stream} ms`);
      }
      const query = value.replaceAll(/[\s"\\]/g, '+');
      const address = await quickest(
        fw,
        get(`/sse/connect?channels=${query}&last_event_id=${query.slice(0, 2000)}`),
      );
      assert.ok(address < most, `the address: ${address} ms`);
      await fw.unharmed();
    });
  }
});

describe('requests that do not say what they are', () => {
  const body = '{"message":{"content":1}}';
  const post = (headers: Headers, text = body): string =>
    requestText(
      'POST /ws/broadcast HTTP/1.1',
      [['Host', 'localhost'], ['Content-Type', 'application/json'], ...headers],
      text,
    );
  const broken: Readonly<Record<string, string | Buffer>> = {
    'two lengths': post([
      ['Content-Length', '2'],
      ['Content-Length', '3'],
    ]),
    'a length and chunks': post([
      ['Content-Length', '2'],
      ['Transfer-Encoding', 'chunked'],
    ]),
    'chunks that are not the last coding': post([['Transfer-Encoding', 'chunked, gzip']]),
    'a negative length': post([['Content-Length', '-1']]),
    'a length in hexadecimal': post([['Content-Length', '0x19']]),
    'a chunk of the size "zz"': post([['Transfer-Encoding', 'chunked']], 'zz\r\n{}\r\n0\r\n\r\n'),
    'a blank before the colon': 'GET /health HTTP/1.1\r\nHost : a\r\n\r\n',
    'a folded header': 'GET /health HTTP/1.1\r\nHost: localhost\r\nX: b\r\n c\r\n\r\n',
    'a NUL in a header': 'GET /health HTTP/1.1\r\nHost: localhost\r\nX: b\0c\r\n\r\n',
    'a bare line feed': 'GET /health HTTP/1.1\nHost: localhost\n\n',
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS greeting': Buffer.from('16030100c8010000c40303', 'hex'),
    'bytes that are no text': Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]),
    'a version of its own': 'GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n',
  };
  for (const [title, bytes] of Object.entries(broken)) {
    it(`${title}: 400 bad_request`, async () => {
      await using fw = await watchedServer();
      await refused(fw, bytes, 400, 'bad_request');
      await fw.unharmed();
    });
  }

  const hosts: Readonly<Record<string, string>> = {
    'two Host headers': get('/health', [['Host', 'evil.example']]),
    'two Host headers of an upgrade': upgrade([['Host', 'evil.example']]),
    'no Host header': requestText('GET /health HTTP/1.1', []),
    'no Host header of an upgrade': changed('Host', null),
  };
  for (const [title, bytes] of Object.entries(hosts)) {
    it(`${title}: 400 bad_request (RFC 9112, 3.2)`, async () => {
      await using fw = await watchedServer();
      await refused(fw, bytes, 400, 'bad_request');
      await fw.unharmed();
    });
  }

  const twice = (name: string, one: string, other: string): Headers => [
    [name, one],
    [name, other],
  ];
  const contradictions: Readonly<Record<string, Headers>> = {
    'two tokens': twice('Authorization', 'Bearer a', 'Bearer b'),
    'a password and a token': twice('Authorization', 'Basic YTpi', 'Bearer b'),
    'two API keys': twice('X-API-Key', 'one', 'other'),
  };
  for (const [title, headers] of Object.entries(contradictions)) {
    it(`${title} in two headers of one name: 400 bad_request, not whichever comes first`, async () => {
      await using fw = await watchedServer();
      await refused(fw, get('/ws/stats', headers), 400, 'bad_request');
      await refused(fw, get('/sse/connect', headers), 400, 'bad_request');
      await refused(fw, upgrade(headers), 400, 'bad_request');
      await fw.unharmed();
    });
  }

  it('the same credential twice is one', async () => {
    await using fw = await watchedServer({ WS_API_KEYS: 'shop:manage:a-key-of-the-tests' });
    const bearer = `Bearer ${await fw.token('ann')}`;
    for (const headers of [
      twice('Authorization', bearer, bearer),
      twice('X-API-Key', 'a-key-of-the-tests', 'a-key-of-the-tests'),
    ]) {
      assert.equal((await rawAnswer(fw.url, upgrade(headers))).status, 101);
    }
  });

  const queries = ['%ff', 'a%C3%28', '%ed%a0%80', '%e2%82', '%c0%af'];
  for (const query of queries) {
    it(`${query} in a query is no UTF-8: 400 bad_request, naming the parameter`, async () => {
      await using fw = await watchedServer();
      const named = async (bytes: string, name: string): Promise<void> => {
        const { status, body } = await rawAnswer(fw.url, bytes);
        assert.deepEqual([status, body.error.code], [400, 'bad_request']);
        assert.match(body.error.message, new RegExp(`parameter ${name} .* UTF-8`));
      };
      await named(get(`/api/channels?limit=1&prefix=${query}`), 'prefix');
      await named(get(`/sse/connect?channels=${query}`), 'channels');
      await named(upgrade([], `GET /ws?client_id=a&room=${query} HTTP/1.1`), 'room');
      await fw.unharmed();
    });
  }

  it('what is UTF-8 in a query, and a percent sign that is none, are taken', async () => {
    await using fw = await watchedServer();
    for (const query of ['%E2%82%AC', '%f0%9f%98%80', '100%', '%zz', 'a%2Cb'])
      assert.equal((await rawAnswer(fw.url, get(`/api/channels?prefix=${query}`))).status, 200, query);
  });

  it('two Origins: neither opens the door', async () => {
    await using fw = await watchedServer();
    const origins: Headers = [
      ['Origin', testOrigin],
      ['Origin', 'https://evil.example'],
    ];
    for (const headers of [origins, [...origins].reverse()]) {
      const { status } = await rawAnswer(fw.url, upgrade(headers));
      assert.equal(status, 403);
    }
    await fw.unharmed();
  });
});

describe('a target that is a whole address', () => {
  const own = ['http://localhost', 'HTTP://LocalHost:80', 'https://localhost', 'ws://localhost'];
  for (const address of own) {
    it(`${address}/… is its path, for requests, streams and upgrades`, async () => {
      await using fw = await watchedServer();
      const ask = (path: string): string =>
        requestText(`GET ${address}${path} HTTP/1.1`, [['Host', 'localhost']]);
      assert.deepEqual((await rawAnswer(fw.url, ask('/health'))).body, { status: 'ok' });
      assert.equal((await rawAnswer(fw.url, ask('/api/channels?limit=1'))).status, 200);
      assert.equal((await rawAnswer(fw.url, ask(''))).status, (await rawAnswer(fw.url, ask('/'))).status);
      const stream = new RawSocket(fw.url);
      stream.write(ask('/sse/connect?channels=a'));
      await stream.until((text) => text.includes('event: connected'));
      stream.close();
      const socket = await rawAnswer(fw.url, upgrade([], `GET ${address}/ws/connect HTTP/1.1`));
      assert.equal(socket.status, 101);
      await fw.unharmed();
    });
  }

  for (const address of [
    'http://evil.example',
    'http://localhost:81',
    'http://a@localhost',
    'ftp://localhost',
  ]) {
    it(`${address}/… is 400 bad_request: the header Host says otherwise`, async () => {
      await using fw = await watchedServer();
      for (const path of ['/health', '/sse/connect', '/nothing']) {
        const text = requestText(`GET ${address}${path} HTTP/1.1`, [['Host', 'localhost']]);
        await refused(fw, text, 400, 'bad_request');
      }
      await refused(fw, upgrade([], `GET ${address}/ws/connect HTTP/1.1`), 400, 'bad_request');
      await fw.unharmed();
    });
  }

  it('is taken on the server of another program too, and what is theirs is left to them as it came', async () => {
    const theirs: string[] = [];
    const http = createServer((request, response) => {
      theirs.push(request.url ?? '');
      response.end('theirs');
    });
    await using fw = await hosted({}, http);
    const ask = (target: string): string => requestText(`GET ${target} HTTP/1.1`, [['Host', 'localhost']]);
    assert.equal((await rawAnswer(fw.url, ask('http://localhost/ws/stats'))).status, 401);
    const address = 'GET http://localhost/ws/connect HTTP/1.1';
    assert.equal((await rawAnswer(fw.url, upgrade([], address))).status, 101);
    const others = ['http://localhost/shop', 'http://evil.example/ws/stats'];
    for (const target of others) assert.equal((await rawAnswer(fw.url, ask(target))).body, 'theirs');
    assert.deepEqual(theirs, others);
  });
});

describe('a WebSocket over HTTP/1.0', () => {
  it('is refused with 426, on a port of its own and on the server of another program', async () => {
    await using own = await watchedServer();
    await using attached = await hosted();
    for (const { url } of [own, attached]) {
      for (const path of ['/ws/connect', '/ws/connect?refusals=frame']) {
        const { status, body } = await rawAnswer(url, upgrade([], `GET ${path} HTTP/1.0`));
        assert.deepEqual([status, body.error.code], [426, 'upgrade_required']);
        assert.match(body.error.message, /needs HTTP\/1\.1/);
      }
    }
    await own.unharmed();
  });
});

describe('an offer of another protocol', () => {
  it('is ignored: Upgrade: h2c on a path of HTTP is answered as HTTP', async () => {
    await using fw = await watchedServer();
    for (const protocol of ['h2c', 'TLS/1.0', 'foo', 'h2c, websocket']) {
      const headers: Headers = [
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', protocol],
        ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
      ];
      const answer = await rawAnswer(fw.url, get('/health', headers));
      assert.deepEqual([answer.status, answer.body], [200, { status: 'ok' }], protocol);
    }
    await fw.unharmed();
  });
});

describe('requests behind one another on one connection', () => {
  const stream = get('/sse/connect?channels=a');
  const seconds = { request: get('/health'), stream, upgrade: upgrade() };
  const answers = ({ text }: RawSocket): number => text.match(/HTTP\/1\.1/g)?.length ?? 0;

  for (const [title, second] of Object.entries(seconds)) {
    it(`the connection of a stream is cut when a further ${title} comes on it`, async () => {
      await using fw = await watchedServer();
      const raw = new RawSocket(fw.url);
      raw.write(stream);
      await raw.until((text) => text.includes('event: connected'));
      raw.write(second);
      await raw.ended();
      assert.equal(answers(raw), 1, raw.text);
      await fw.unharmed();
    });

    it(`the connection of a stream is cut when a further ${title} comes in the same packet`, async () => {
      await using fw = await watchedServer();
      const raw = new RawSocket(fw.url);
      raw.write(stream + second);
      await raw.ended();
      assert.ok(answers(raw) <= 1, raw.text);
      await fw.unharmed();
    });
  }

  for (const [title, line, status] of [
    ['an upgrade', 'GET /ws/connect HTTP/1.1', 101],
    ['an upgrade that is refused', 'GET /nowhere HTTP/1.1', 404],
  ] as const)
    it(`${title} in the same packet is answered after the requests before it`, async () => {
      await using fw = await watchedServer();
      const raw = new RawSocket(fw.url);
      const publish = requestText(
        'POST /api/publish HTTP/1.1',
        [
          ['Host', 'localhost'],
          ['Content-Type', 'application/json'],
          ['Content-Length', '28'],
        ],
        '{"channel":"news","data": 1}',
      );
      raw.write(publish + get('/health') + publish + upgrade([], line));
      const statuses = (text: string): number[] =>
        [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, found]) => Number(found));
      await raw.until((text) => statuses(text).length === 4);
      assert.deepEqual(statuses(raw.text), [200, 200, 200, status]);
      raw.close();
    });

  it('1,000 requests in one packet are all answered', async () => {
    await using fw = await watchedServer();
    const raw = new RawSocket(fw.url);
    raw.write(get('/health').repeat(1000));
    await raw.until((text) => text.split('{"status":"ok"}').length === 1001);
    raw.close();
    await fw.unharmed();
  });
});

describe('senders that never finish', () => {
  it('every deadline is finite', () => {
    const { http } = serverOptions(1000);
    assert.ok(http.headersTimeout > 0 && http.headersTimeout <= 5000);
    assert.ok(http.requestTimeout > 0 && http.requestTimeout <= 30_000);
    assert.ok(http.connectionsCheckingInterval <= 1000);
  });

  it('whoever sends no headers, or half of them, is cut off within seconds, and nobody waits for it', async () => {
    await using fw = await watchedServer();
    const beginnings = ['', 'GET', 'GET /health HTTP/1.1\r\nHost: localhost\r\n', upgrade().slice(0, -4)];
    const started = performance.now();
    const slow = beginnings.map((beginning) => {
      const raw = new RawSocket(fw.url);
      raw.write(beginning);
      return raw;
    });
    await fw.unharmed();
    await Promise.all(slow.map((raw) => raw.ended()));
    assert.ok(performance.now() - started < 9000);
    for (const raw of slow) assert.match(raw.text, /^(HTTP\/1\.1 408 |$)/);
    await fw.unharmed();
  });
});
