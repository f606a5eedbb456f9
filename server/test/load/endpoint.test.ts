import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestHead, urlOf } from '../../src/load/endpoint.ts';
import { placeOf } from '../../src/load/opening.ts';

const behindProxy = {
  address: '203.0.113.7',
  port: 443,
  host: 'fan.example.com',
  tls: true,
  base: '/fan',
  headers: { 'X-API-Key': 'key' },
};

test('a request says where to, and shows the credentials', () => {
  assert.equal(
    requestHead(behindProxy, 'GET', '/sse/connect?channels=a', { Accept: 'text/event-stream' }),
    'GET /fan/sse/connect?channels=a HTTP/1.1\r\nHost: fan.example.com\r\nX-API-Key: key\r\n' +
      'Accept: text/event-stream\r\n\r\n',
  );
  assert.equal(requestHead({ port: 8000 }, 'GET', '/', {}), 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n');
  assert.match(requestHead({ port: 8000 }, 'GET', '/', {}, '1.0'), /^GET \/ HTTP\/1\.0\r\n/);
});

test('an address for fetch', () => {
  assert.equal(urlOf(behindProxy, '/health'), 'https://fan.example.com/fan/health');
  assert.equal(urlOf({ port: 8000 }, '/health'), 'http://127.0.0.1:8000/health');
});

test('more than one address has ports for come from others, where the server is on this machine', () => {
  assert.deepEqual(placeOf({ port: 8000 }, 19_999), {});
  assert.deepEqual(placeOf({ port: 8000 }, 20_000), { localAddress: '127.0.0.2' });
  assert.deepEqual(placeOf(behindProxy, 20_000), {});
});
