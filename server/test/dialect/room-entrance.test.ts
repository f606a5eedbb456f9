import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { oddNames } from '../support/canonical.ts';
import { enter, heard, room, say } from '../support/doors.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';

async function signedIn(fw: TestServer, path: string): Promise<SocketClient> {
  const query = `${path.includes('?') ? '&' : '?'}token=${await fw.token('ann')}`;
  return fw.socket(`${path}${query}`, { headers: { origin: testOrigin } });
}

describe('room: the address', () => {
  it('names the room, percent-encoded', async () => {
    await using fw = await testServer();
    for (const name of oddNames) {
      const client = await enter(fw, room, name);
      assert.equal((await say(room, client, name, 'hi')).room, name);
      client.close();
    }
  });

  it('takes names of up to 255 bytes', async () => {
    await using fw = await testServer();
    await enter(fw, room, 'ü'.repeat(127));
    await refused(signedIn(fw, `/ws/${encodeURIComponent('ü'.repeat(128))}`), 400, 'bad_request');
  });

  const bad: [string, string, number, string][] = [
    ['with a control character', '/ws/a%00b', 400, 'bad_request'],
    ['with broken percent-encoding', '/ws/a%zz', 400, 'bad_request'],
    ['with percent-encoding that is no UTF-8', '/ws/%ff', 400, 'bad_request'],
    ['with a reserved name', '/ws/%24all', 403, 'forbidden'],
    ['with a presence that is neither yes nor no', '/ws/test?presence=maybe', 400, 'bad_request'],
    ['without a name', '/ws/', 404, 'not_found'],
    ['with more segments', '/ws/test/more', 404, 'not_found'],
    ['with a slash at the end', '/ws/test/', 404, 'not_found'],
    ['of another kind', '/rooms/test', 404, 'not_found'],
  ];
  for (const [what, path, status, code] of bad) {
    it(`${what} is ${status}`, async () => {
      await using fw = await testServer();
      await refused(signedIn(fw, path), status, code);
    });
  }

  it('/ws/connect is the channel dialect, and no room has that name, however it is written', async () => {
    await using fw = await testServer();
    const native = await signedIn(fw, '/ws/connect');
    assert.equal((await native.next()).type, 'connected');
    await refused(signedIn(fw, '/ws/%63onnect'), 400, 'bad_request');
    await enter(fw, room, 'Connect');
  });

  it('says first what is wrong with the parameters, then the Origin, then the token', async () => {
    await using fw = await testServer();
    const evil = { headers: { origin: 'https://evil.example' } };
    await refused(fw.socket('/ws/test?presence=maybe&token=wrong', evil), 400, 'bad_request');
    await refused(fw.socket('/ws/test?token=wrong', evil), 403, 'forbidden');
    const good = { headers: { origin: testOrigin } };
    await refused(fw.socket('/ws/test?token=wrong', good), 401, 'unauthorized');
  });

  it('says nothing until it is spoken to', async () => {
    await using fw = await testServer();
    assert.deepEqual(await heard(room, await signedIn(fw, '/ws/test')), []);
  });
});
