import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

describe('POST /sse/ticket', () => {
  it('issues a ticket in the caller’s name, once', async () => {
    await using server = await TestServer.start({ open: false, sseAuth: true });
    const { status, body } = await server.request('POST', '/sse/ticket', { headers: server.token('u1') });
    assert.equal(status, 200);
    assert.equal(body.expires_in, 30);
    assert.deepEqual(Object.keys(body), ['ticket', 'expires_in']);
    assert.equal((await server.parts.tickets.redeem(body.ticket))?.user, 'u1');
    assert.equal(await server.parts.tickets.redeem(body.ticket), null);
  });

  it('needs credentials where streams do, and only there', async () => {
    await using closed = await TestServer.start({ sseAuth: true });
    assert.equal((await closed.request('POST', '/sse/ticket')).status, 401);
    assert.equal((await closed.request('POST', '/sse/ticket', { headers: closed.key('read') })).status, 200);
    await using open = await TestServer.start({ open: false });
    const { status, body } = await open.request('POST', '/sse/ticket');
    assert.equal(status, 200);
    assert.equal((await open.parts.tickets.redeem(body.ticket))?.via, 'anonymous');
    const wrong = { headers: { 'x-api-key': 'wrong' } };
    assert.equal((await open.request('POST', '/sse/ticket', wrong)).status, 401);
  });

  it('takes a Content-Type without a body', async () => {
    await using server = await TestServer.start();
    assert.equal((await server.post('/sse/ticket', '')).status, 200);
    assert.equal((await server.post('/sse/ticket', {})).status, 200);
  });
});
