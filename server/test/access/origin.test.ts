import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HostRule } from '../../src/access/host.ts';
import { normaliseOrigin, OriginRule, parseOriginList } from '../../src/access/origin.ts';
import { startError } from './refusal.ts';

const host = 'rt.example.com:8000';
const own = new HostRule({
  production: true,
  listen: '::',
  publicUrl: null,
  allowed: ['rt.example.com', '[2001:db8::1]'],
});
const production = new OriginRule({
  own,
  allowed: ['https://good.com', 'http://other.com:8080'],
  production: true,
});
const development = new OriginRule({ allowed: [], production: false, own });

function passes(rule: OriginRule, origin: string | undefined, ownHost: string | undefined = host): boolean {
  return rule.check(origin, ownHost, { required: false }).ok;
}

describe('the Origin rule', () => {
  for (const origin of [
    'https://good.com',
    'HTTPS://GOOD.com',
    'https://good.com:443',
    'http://other.com:8080',
  ]) {
    it(`passes ${origin}`, () => assert.equal(passes(production, origin), true));
  }

  const evil = [
    'https://evil.com',
    'https://good.com.evil.com',
    'https://evilgood.com',
    'https://sub.good.com',
    'https://good.com.',
    'https://good.co',
    'https://good.com:444',
    'http://good.com',
    'http://good.com:443',
    'http://other.com',
    'wss://good.com',
    'https://good.com@evil.com',
    'https://good.com/',
    'https://good.com/path',
    'https://good.com?x',
    'https://good.com#x',
    'https://good.com\\@evil.com',
    'https:good.com',
    'https:/good.com',
    'https:\\\\good.com',
    ' https://good.com',
    'https://good.com ',
    'https://good.com, https://evil.com',
    'https://good.com https://evil.com',
    'https://go\tod.com',
    'good.com',
    '//good.com',
    'https://',
    '',
    'null',
    '*',
    'https://*',
    'constructor',
    'https://good.com\u0000',
    `https://${'a'.repeat(20_000)}`,
  ];
  for (const origin of evil) {
    it(`refuses ${JSON.stringify(origin.slice(0, 60))}`, () =>
      assert.equal(passes(production, origin), false));
  }

  it('lets an absent Origin pass unless it is required', () => {
    assert.deepEqual(production.check(undefined, host, { required: false }), {
      ok: true,
      corsOrigin: null,
      listed: false,
    });
    assert.deepEqual(production.check(undefined, host, { required: true }), { ok: false });
    assert.equal(production.check('https://good.com', host, { required: true }).ok, true);
  });

  it('answers with the origin itself for CORS, normalised', () => {
    assert.deepEqual(production.check('https://GOOD.com:443', host, { required: true }), {
      ok: true,
      corsOrigin: 'https://good.com',
      listed: true,
    });
  });

  it("lets the server's own origin pass", () => {
    for (const origin of ['http://rt.example.com:8000', 'https://RT.example.com:8000']) {
      assert.equal(passes(production, origin), true);
    }
    assert.equal(passes(production, 'https://rt.example.com', 'rt.example.com'), true);
    assert.equal(passes(production, 'https://rt.example.com', 'RT.example.com:443'), true);
    assert.equal(passes(production, 'http://[2001:db8::1]:8000', '[2001:DB8:0::1]:8000'), true);
    assert.equal(passes(production, 'https://rt.example.com', '127.0.0.1:8000'), true);
    for (const origin of ['http://rt.example.com:8001', 'ws://rt.example.com:8000']) {
      assert.equal(passes(production, origin), false);
    }
  });

  it('is not led astray by an odd Host', () => {
    for (const odd of ['', 'evil.com@rt.example.com', 'x/evil.com', 'evil.com, rt', 'a b', '[', ':', '*']) {
      assert.equal(passes(production, 'https://evil.com', odd), false);
    }
    assert.equal(passes(production, 'https://evil.com', 'evil.com'), false);
  });

  it('lets pages of this machine pass outside production only', () => {
    const local = [
      'http://localhost',
      'http://localhost:5173',
      'https://LOCALHOST:5173',
      'http://127.0.0.1:3000',
      'http://127.9.8.7',
      'http://[::1]:3000',
      'http://[0:0:0:0:0:0:0:1]',
    ];
    for (const origin of local) {
      assert.equal(passes(development, origin), true, origin);
      assert.equal(passes(production, origin), false, origin);
    }
    const remote = [
      'http://app.localhost',
      'http://localhost.evil.com',
      'http://evil.com',
      'http://127.0.0.1.evil.com',
      'http://128.0.0.1',
      'http://10.0.0.1',
      'http://0.0.0.0',
      'http://[::2]',
      'http://[::ffff:127.0.0.1]',
      'http://localhost@evil.com',
      'ftp://localhost',
      'null',
      'file://',
    ];
    for (const origin of remote) assert.equal(passes(development, origin), false, origin);
  });

  it('allows all with *, explicitly', () => {
    const open = new OriginRule({ allowed: ['*', 'https://good.com'], production: true, own });
    for (const origin of ['https://evil.com', 'null', 'https://good.com', 'nonsense']) {
      assert.deepEqual(open.check(origin, host, { required: true }), {
        ok: true,
        corsOrigin: '*',
        listed: false,
      });
    }
    assert.deepEqual(open.check(undefined, host, { required: true }), { ok: false });
    assert.deepEqual(open.check(undefined, host, { required: false }), {
      ok: true,
      corsOrigin: null,
      listed: false,
    });
  });

  it('knows the origins of apps and extensions by their exact name', () => {
    const rule = new OriginRule({
      allowed: parseOriginList('capacitor://localhost, chrome-extension://abcdef'),
      production: true,
      own,
    });
    for (const origin of ['capacitor://localhost', 'chrome-extension://abcdef']) {
      assert.deepEqual(rule.check(origin, host, { required: true }), {
        ok: true,
        corsOrigin: origin,
        listed: true,
      });
    }
    assert.equal(passes(rule, 'chrome-extension://abcdefg'), false);
  });

  it('refuses at once, however long the header', () => {
    const before = performance.now();
    for (const origin of [
      `https://a${' '.repeat(1e6)}x`,
      `${'a'.repeat(1e6)}:`,
      `https://${'a.'.repeat(5e5)}`,
    ]) {
      assert.equal(passes(production, origin, `a${' '.repeat(1e6)}`), false);
    }
    assert.ok(performance.now() - before < 100);
  });
});

describe('ALLOWED_ORIGINS', () => {
  it('is a list of origins, normalised', () => {
    assert.deepEqual(parseOriginList(''), []);
    assert.deepEqual(
      parseOriginList(' https://A.com:443 ,http://b.com:80,http://c.com:81,*,https://bücher.de'),
      ['https://a.com', 'http://b.com', 'http://c.com:81', '*', 'https://xn--bcher-kva.de'],
    );
  });

  const wrong: [text: string, message: RegExp][] = [
    ['https://a.com/', /entry 1, "https:\/\/a.com\/", has a path, query or final slash/],
    ['https://a.com,https://b.com/app', /entry 2, .* has a path/],
    ['https://a.com?x', /has a path, query/],
    ['a.com', /entry 1, "a.com", lacks a scheme such as https:\/\//],
    ['localhost:3000', /lacks a scheme/],
    ['*.a.com', /lacks a scheme/],
    ['https://*.a.com', /has a wildcard: list every origin by itself/],
    ['https://me@a.com', /has a user name/],
    ['https://a.com:99999', /has no valid host and port/],
    ['https://a b', /has no valid host and port/],
    ['https://', /has no valid host and port/],
    ['null', /lacks a scheme/],
    ['https://a.com,', /entry 2, "", is empty: remove the extra comma/],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseOriginList(text), startError(message));
      assert.throws(
        () => new OriginRule({ allowed: text.split(','), production: true, own }),
        startError(/ALLOWED_ORIGINS/),
      );
    });
  }
});

describe('normalising an origin', () => {
  const scheme = fc.constantFrom('http', 'https');
  const name = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]`),
  );
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }));

  it('gives what the browser calls the origin, whatever the case and the default port', () => {
    fc.assert(
      fc.property(scheme, name, port, fc.boolean(), (protocol, hostname, number, upper) => {
        const written = `${protocol}://${hostname}${number === null ? '' : `:${number}`}`;
        const normal = normaliseOrigin(upper ? written.toUpperCase() : written);
        assert.equal(normal, new URL(written).origin);
        assert.equal(normaliseOrigin(String(normal)), normal);
        const explicit = `${written}:${protocol === 'http' ? 80 : 443}`;
        if (number === null) assert.equal(normaliseOrigin(explicit), normal);
      }),
    );
  });

  it('keeps different origins apart', () => {
    const origin = fc.tuple(scheme, fc.domain(), fc.integer({ min: 1, max: 65_535 }));
    fc.assert(
      fc.property(origin, origin, (a, b) => {
        const same = a.every((part, at) => part === b[at]);
        const text = ([protocol, hostname, number]: typeof a) => `${protocol}://${hostname}:${number}`;
        assert.equal(normaliseOrigin(text(a)) === normaliseOrigin(text(b)), same);
      }),
    );
  });

  it('never throws, and gives only what is stable', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'http://', 'https://', 'x:'), (text, prefix) => {
        const normal = normaliseOrigin(prefix + text);
        if (normal !== null) assert.equal(normaliseOrigin(normal), normal);
      }),
    );
  });
});
