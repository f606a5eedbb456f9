import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientAddresses } from '../../src/access/client-address.ts';
import { Networks, parseNetworkList, privateNetworks } from '../../src/access/networks.ts';
import { StartError } from '../../src/errors.ts';

/** The address by which a client is known that a peer speaks for. */
function seen(remoteAddress: string | undefined, forwarded?: string, trustedProxies = privateNetworks) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const { text, key, isLocal } = new ClientAddresses({ trustedProxies }).of({
    socket: { remoteAddress },
    headers,
  });
  return { text, key, isLocal };
}

describe('the address of a client', () => {
  it('is that of its socket; IPv4 within IPv6 is IPv4', () => {
    assert.deepEqual(seen('192.0.2.1'), { text: '192.0.2.1', key: '192.0.2.1', isLocal: false });
    assert.deepEqual(seen('::ffff:192.0.2.1'), { text: '192.0.2.1', key: '192.0.2.1', isLocal: false });
  });

  it('is limited by the network of 64 bits, where it is IPv6', () => {
    assert.deepEqual(seen('2001:db8:1:2:3:4:5:6'), {
      text: '2001:db8:1:2:3:4:5:6',
      key: '2001:db8:1:2::/64',
      isLocal: false,
    });
    assert.equal(seen('2001:db8:1:2::ffff').key, seen('2001:db8:1:2::1').key);
    assert.notEqual(seen('2001:db8:1:3::1').key, seen('2001:db8:1:2::1').key);
  });

  it('is this machine for a loopback peer that forwards for nobody', () => {
    for (const loopback of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])
      assert.equal(seen(loopback).isLocal, true, loopback);
    assert.equal(seen('127.0.0.1', '203.0.113.7').isLocal, false);
    assert.equal(seen('10.0.0.5', '127.0.0.1').isLocal, false, 'whoever says so is not here');
  });

  const forwarded: [what: string, peer: string, header: string, text: string][] = [
    ['a trusted peer is believed', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['another one is not', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['what the client wrote itself stands in front', '10.0.0.1', '1.2.3.4, 203.0.113.7', '203.0.113.7'],
    [
      'proxies behind each other are walked past',
      '10.0.0.1',
      '203.0.113.7, 172.16.3.4,10.0.0.2',
      '203.0.113.7',
    ],
    ['the first is taken when all are trusted', '10.0.0.1', '192.168.1.5, 10.0.0.2', '192.168.1.5'],
    ['what is no address ends the walk', '10.0.0.1', '203.0.113.7, unknown, 10.0.0.2', '10.0.0.2'],
    ['nothing in it changes nothing', '10.0.0.1', '', '10.0.0.1'],
    ['octal and short forms are no addresses', '10.0.0.1', '0177.1', '10.0.0.1'],
    ['a port is cut off', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['a port behind IPv6, too', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['IPv4 within IPv6 is IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['unique local addresses are trusted', 'fd00::1', '203.0.113.7', '203.0.113.7'],
  ];
  for (const [what, peer, header, text] of forwarded) {
    it(`X-Forwarded-For: ${what}`, () => assert.equal(seen(peer, header).text, text));
  }

  it('TRUSTED_PROXIES decides who is believed', () => {
    assert.equal(seen('198.51.100.1', '203.0.113.7', ['198.51.100.0/24']).text, '203.0.113.7');
    assert.equal(seen('10.0.0.1', '203.0.113.7', ['198.51.100.0/24']).text, '10.0.0.1');
  });

  it('of a proxy’s connection is that of each request', () => {
    const addresses = new ClientAddresses({ trustedProxies: privateNetworks });
    const socket = { remoteAddress: '10.0.0.1' };
    for (const client of ['203.0.113.7', '203.0.113.8', '203.0.113.7']) {
      assert.equal(addresses.of({ socket, headers: { 'x-forwarded-for': client } }).text, client);
    }
    assert.equal(addresses.of({ socket, headers: {} }).text, '10.0.0.1');
  });

  it('a header from somebody who is not trusted is told of once', () => {
    const told: string[] = [];
    const addresses = new ClientAddresses({
      trustedProxies: privateNetworks,
      onUntrusted: (peer) => told.push(peer),
    });
    for (const remoteAddress of ['198.51.100.1', '198.51.100.2', '10.0.0.1'])
      addresses.of({ socket: { remoteAddress }, headers: { 'x-forwarded-for': '203.0.113.7' } });
    assert.deepEqual(told, ['198.51.100.1']);
  });

  it('is found in a header of any length in no time', () => {
    const began = performance.now();
    for (const header of [
      '10.0.0.2,'.repeat(3_000),
      ','.repeat(30_000),
      '['.repeat(30_000),
      '1.'.repeat(15_000),
    ])
      for (let n = 0; n < 100; n++) seen('10.0.0.1', header);
    assert.ok(performance.now() - began < 500);
  });
});

describe('a list of networks', () => {
  it('holds networks and single addresses of both families', () => {
    assert.deepEqual(
      parseNetworkList('ALLOWED_NETWORKS', '10.0.0.0/8, 192.0.2.1,2001:db8::/32,::1, ::ffff:192.0.2.0/120'),
      ['10.0.0.0/8', '192.0.2.1/32', '2001:db8::/32', '::1/128', '192.0.2.0/24'],
    );
    assert.deepEqual(parseNetworkList('ALLOWED_NETWORKS', ' '), []);
    assert.equal(new Networks([]).empty, true);
  });

  for (const wrong of [
    '10.0.0.0/33',
    '10.0.0/8',
    'localhost',
    '10.0.0.0/8/8',
    '2001:db8::/129',
    '',
    '10.0.0.1/',
    '10.0.0.1/-1',
    'fe80::1%eth0',
  ]) {
    it(`has no entry ${JSON.stringify(wrong)}`, () => {
      assert.throws(
        () => parseNetworkList('ALLOWED_NETWORKS', `127.0.0.1,${wrong}`),
        (thrown) => {
          assert.ok(thrown instanceof StartError);
          assert.match(thrown.message, /^ALLOWED_NETWORKS: entry 2, ".*", is no network: write/);
          return true;
        },
      );
    });
  }
});
