import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { startServer } from '../../src/server.ts';
import type { Log } from '../../src/transport/node.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refused } from '../support/refusals.ts';
import { TestServer, testOrigin, testSecret, testServer } from '../support/server.ts';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** As a client of the older room server makes one: no `exp`. */
function endless(claims: object = { sub: 'ann' }): string {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', testSecret).update(signed).digest('base64url')}`;
}

/** By every way in. */
const waysIn: [string, (fw: TestServer, token: string) => Promise<unknown>][] = [
  ['room', (fw, token) => fw.socket(`/ws/r?token=${token}`, { headers: { origin: testOrigin } })],
  ['relay', (fw, token) => fw.socket(`/ws?room=r&client_id=c&token=${token}`)],
  ['channel', (fw, token) => fw.socket(`/ws/connect?token=${token}`)],
  ['chat', (fw, token) => fw.socket(`/?token=${token}`)],
  ['events', (fw, token) => fw.stream(`/sse/connect?token=${token}`)],
];

const production = { NODE_ENV: 'production', ALLOWED_ORIGINS: testOrigin };

describe('a token without exp', () => {
  for (const [name, enter] of waysIn) {
    it(`lets in to ${name} in development, and in production only with JWT_EXP_REQUIRED=false`, async () => {
      await using development = await testServer();
      await enter(development, endless());
      await using strict = await testServer({ env: production });
      await refused(enter(strict, endless()), 401, 'unauthorized');
      await using lenient = await testServer({ env: { ...production, JWT_EXP_REQUIRED: 'false' } });
      await enter(lenient, endless());
      await using asked = await testServer({ env: { JWT_EXP_REQUIRED: 'true' } });
      await refused(enter(asked, endless()), 401, 'unauthorized');
    });
  }

  it('is good over HTTP, for a ticket, and to refresh with: it expires never', async () => {
    await using fw = await testServer();
    const token = endless({ sub: 'ann', scope: 'manage' });
    const ticket = await fw.call('POST', `/sse/ticket?token=${token}`);
    assert.equal(ticket.body.expires_in, 30);
    await fw.stream(`/sse/connect?ticket=${ticket.body.ticket}`);
    const client = await fw.socket(`/ws/connect?token=${await fw.token('ann')}`);
    const { content } = await client.ask({ action: 'refresh', data: { token } }, { type: 'refreshed' });
    assert.equal(content.expires_at, null);
  });

  it('is warned of once, without showing it', async () => {
    const warnings: string[] = [];
    const log: Log = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (_fields, text) => warnings.push(text),
    };
    const settings = loadSettings({ PORT: '0', ENGINE: 'memory', JWT_SECRET: testSecret });
    const clock = new FakeClock();
    const server = await startServer(settings, log, clock);
    await using fw = new TestServer(server.url, clock, () => server.close());
    for (let count = 0; count < 3; count++) await fw.socket(`/ws/connect?token=${endless()}`);
    assert.equal(warnings.length, 1);
    assert.match(String(warnings), /without exp/);
  });

  it('whose exp is in milliseconds is refused with that hint', async () => {
    await using fw = await testServer();
    for (const claim of ['exp', 'iat', 'nbf']) {
      const token = endless({ sub: 'ann', exp: Math.floor(Date.now() / 1000) + 60, [claim]: Date.now() });
      const refusal = await refused(fw.socket(`/ws/connect?token=${token}`), 401, 'unauthorized');
      assert.match(refusal.body.error.message, new RegExp(`${claim} is in milliseconds`));
    }
  });
});
