import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostRule, parseHostList } from '../../src/access/host.ts';
import { startError } from './refusal.ts';

const said = { publicUrl: 'https://fan.example.com/live', allowed: ['fan.internal', 'dev.example:8080'] };
const development = new HostRule({ production: false, listen: 'fanhost', ...said });
const production = new HostRule({ production: true, listen: 'fanhost', ...said });

describe('the Host rule', () => {
  const answered = [
    ...['localhost', 'LocalHost:8000', 'localhost.', 'app.localhost:8000', '127.0.0.1:8000', '127.8.9.1'],
    ...['[::1]:8000', '192.168.1.5:8000', '[2001:db8::1]', '2130706433', '0x7f.1'],
    ...['fanhost:8000', 'FAN.example.com', 'fan.example.com:444', 'fan.internal', 'dev.example:9'],
  ];
  for (const host of [...answered, '', undefined]) {
    it(`answers ${host}`, () => assert.equal(development.answers(host), true));
  }

  const foreign = [
    ...['evil.example', 'evil.example:8000', 'localhost.evil.example', 'evil-localhost', '127.0.0.1.nip.io'],
    ...['sub.fan.example.com', 'fan.example.com.evil.example', 'x@localhost', 'localhost/evil', 'a b', '*'],
    ...['localhost, evil.example', '[::1', ':8000', 'a'.repeat(400)],
  ];
  for (const host of foreign) {
    it(`does not answer ${host.slice(0, 40)}`, () => assert.equal(development.answers(host), false));
  }

  it('answers every Host in production', () => {
    for (const host of [...answered, ...foreign]) assert.equal(production.answers(host), true);
  });

  it('a page is of the own origin by a name that was set; in development also by one that cannot be rebound', () => {
    const owns = (rule: HostRule, origin: string, host: string) => rule.owns(origin, host);
    for (const rule of [development, production]) {
      assert.ok(owns(rule, 'https://fan.example.com', 'anything'));
      assert.ok(owns(rule, 'https://fan.internal', '127.0.0.1:8000'));
      assert.ok(owns(rule, 'http://fan.internal:8000', 'fan.internal:8000'));
      assert.ok(!owns(rule, 'http://fan.internal:8001', 'fan.internal:8000'));
      assert.ok(!owns(rule, 'http://evil.example:8000', 'evil.example:8000'));
    }
    for (const host of ['192.168.1.5:8000', 'localhost:8000', 'fanhost:8000']) {
      assert.ok(owns(development, `http://${host}`, host), host);
      assert.ok(!owns(production, `http://${host}`, host), host);
    }
  });

  it('ALLOWED_HOSTS names its entry that is no host', () => {
    assert.deepEqual(parseHostList(' Fan.Example.com, b:1 '), ['fan.example.com', 'b:1']);
    for (const text of ['https://a', 'a,,b', '*.example.com', 'a b', 'a/b']) {
      assert.throws(() => parseHostList(text), startError(/^ALLOWED_HOSTS: entry \d/), text);
    }
  });
});
