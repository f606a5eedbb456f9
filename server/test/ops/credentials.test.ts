import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signToken } from '../../src/access/token-signer.ts';
import { systemClock } from '../../src/clock.ts';
import { Directory, Program } from '../support/server-process.ts';
import { Refused, SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';

const secret = 'the-secret-of-this-server-is-32-bytes';
const key = 'the-api-key-of-a-reader-0123';
const wrongKey = 'an-api-key-that-is-none-4567';

type Headers = Readonly<Record<string, string>>;

/** Lets a connection come about or be refused, and ends it. */
async function attempt(client: SocketClient | StreamClient): Promise<void> {
  await client.opened.catch((thrown) => {
    if (!(thrown instanceof Refused)) throw thrown;
  });
  client.close();
}

describe('credentials', () => {
  it('by every way in, right or wrong, are in no line of the log and not in the metrics', async () => {
    using directory = new Directory();
    await using program = new Program({
      env: {
        PORT: '0',
        DATABASE_PATH: directory.join('chat.db'),
        JWT_SECRET: secret,
        WS_API_KEYS: `reader:read+publish:${key}`,
        LOG_LEVEL: 'trace',
      },
    });
    const [, url = ''] = await program.said(/listening on (\S+)/);
    const order = { secret, algorithm: 'HS256', ttlSeconds: 60, clock: systemClock } as const;
    const token = await signToken({ ...order, user: 'ann', scopes: ['read', 'publish'] });
    const foreign = await signToken({
      ...order,
      user: 'eve',
      secret: 'another-secret-that-is-32-bytes-long',
    });
    const http = async (path: string, headers: Headers = {}, body?: string): Promise<string> => {
      const json = body === undefined ? {} : { method: 'POST', body };
      const answer = await fetch(url + path, {
        headers: { 'content-type': 'application/json', ...headers },
        ...json,
      });
      return answer.text();
    };
    const answers: string[] = [];
    for (const jwt of [token, foreign]) {
      const ways: [string, Headers, string[]][] = [
        [`?token=${jwt}`, {}, []],
        [`?TOKEN=${jwt}`, {}, []],
        [`?access_token=${jwt}`, {}, []],
        [`?a=1&%74oken=${jwt}`, {}, []],
        ['', { authorization: `Bearer ${jwt}` }, []],
        ['', {}, ['bearer', jwt]],
      ];
      for (const [query, headers, protocols] of ways) {
        for (const path of ['/ws/connect', '/', '/ws', '/ws/lobby', '/nowhere']) {
          await attempt(new SocketClient(url.replace('http', 'ws') + path + query, { headers, protocols }));
        }
        await attempt(new StreamClient(`${url}/sse/connect${query}`, headers));
        answers.push(await http(`/metrics${query}`, headers), await http(`/nowhere${query}`, headers));
        answers.push(await http(`/ws/send-to-channel${query}`, headers, `{"token":"${jwt}"`));
      }
      const client = new SocketClient(`${url.replace('http', 'ws')}/ws/connect`, {});
      await client.opened;
      client.send({ action: 'refresh', data: { token: jwt } });
      await client.next({ type: 'error' });
      client.close();
    }
    for (const apiKey of [key, wrongKey]) {
      const ways: [string, Headers][] = [
        [`?api_key=${apiKey}`, {}],
        ['', { 'x-api-key': apiKey }],
      ];
      for (const [query, headers] of ways) {
        await attempt(new SocketClient(`${url.replace('http', 'ws')}/ws/connect${query}`, { headers }));
        await attempt(new StreamClient(`${url}/sse/connect${query}`, headers));
        answers.push(await http(`/metrics${query}`, headers), await http(`/ws/connections${query}`, headers));
      }
    }
    const { ticket } = JSON.parse(await http('/sse/ticket', { 'x-api-key': key }, ''));
    for (let use = 0; use < 2; use++)
      await attempt(new StreamClient(`${url}/sse/connect?ticket=${ticket}`, {}));
    answers.push(await http('/metrics', { 'x-api-key': key }));
    await program.kill('SIGTERM');

    assert.ok(program.stderr.includes('"connection opened"') && program.stderr.includes('"refused"'));
    const parts = [token, foreign].flatMap((jwt) => jwt.split('.').slice(1));
    for (const secretText of [secret, key, wrongKey, ticket, ...parts]) {
      assert.ok(!program.stderr.includes(secretText), `in the log: ${secretText}`);
      for (const answer of answers) assert.ok(!answer.includes(secretText), `in an answer: ${secretText}`);
    }
    assert.ok(answers.some((answer) => answer.includes('fanwire_connections_opened_total')));
  });
});
