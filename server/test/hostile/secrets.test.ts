import assert from 'node:assert/strict';
import { it } from 'node:test';
import { signToken } from '../../src/access/token-signer.ts';
import { systemClock } from '../../src/clock.ts';
import {
  clientFrame,
  handshakeHeaders,
  opcodes,
  RawSocket,
  rawAnswer,
  requestText,
} from '../support/raw-socket.ts';
import { testOrigin, testSecret } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';

type Headers = readonly (readonly [string, string])[];

const apiKey = 'key-of-the-tests-0123456789';
const wrongKey = 'wrong-key-of-the-tests-0123456789';
const wrongTicket = 'wrong-ticket-of-the-tests-0123456789';

interface Secrets {
  readonly token: string;
  readonly wrongToken: string;
  readonly ticket: string;
}

/** Every way to present a credential: what goes into the address and into the headers. */
function presentations({ token, wrongToken, ticket }: Secrets): { query: string; headers: Headers }[] {
  const pairs = [
    [token, apiKey, ticket],
    [wrongToken, wrongKey, wrongTicket],
  ] as const;
  const ways = pairs.flatMap(([jwt, key, once]): { query: string; headers: Headers }[] => [
    { query: `token=${jwt}`, headers: [] },
    { query: `TOKEN=${jwt}&%74oken=${jwt}&to%6Ben=${jwt}`, headers: [] },
    { query: `x=1;token=${jwt}`, headers: [] },
    { query: `api_key=${key}`, headers: [] },
    { query: `ticket=${once}`, headers: [] },
    { query: '', headers: [['Authorization', `Bearer ${jwt}`]] },
    { query: '', headers: [['Authorization', `Basic ${jwt}`]] },
    { query: '', headers: [['Sec-WebSocket-Protocol', `bearer, ${jwt}`]] },
    { query: '', headers: [['X-API-Key', key]] },
    { query: '', headers: [['Cookie', `token=${jwt}; key=${key}`]] },
    { query: '', headers: [['Referer', `http://a/?token=${jwt}&api_key=${key}`]] },
  ]);
  const contradictions = [
    { query: `token=${token}&token=${wrongToken}`, headers: [] },
    { query: `token=${token}&ticket=${ticket}`, headers: [] },
    { query: `api_key=${apiKey}`, headers: [['X-API-Key', wrongKey]] as Headers },
  ];
  return [...ways, ...contradictions];
}

const sockets = ['/ws/connect', '/ws?room=r&client_id=c', '/ws/r', '/', '/nowhere', '/ws/%zz'];
const paths = ['/sse/connect', '/ws/stats', '/api/channels/c/messages', '/nowhere', '/%zz', '/health'];

async function presentEverywhere(url: string, secrets: Secrets): Promise<string> {
  let answers = '';
  const ask = async (bytes: string): Promise<void> => {
    const { headers, body } = await rawAnswer(url, bytes);
    answers += `${headers}\n${typeof body === 'string' ? body : JSON.stringify(body)}\n`;
  };
  for (const { query, headers } of presentations(secrets)) {
    const withQuery = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;
    for (const path of sockets) {
      const line = `GET ${withQuery(path)} HTTP/1.1`;
      await ask(requestText(line, [...handshakeHeaders, ['Origin', testOrigin], ...headers]));
    }
    const host: Headers = [['Host', 'localhost'], ...headers];
    for (const path of paths) await ask(requestText(`GET ${withQuery(path)} HTTP/1.1`, host));
    await ask(requestText(`DELETE ${withQuery('/ws/connections/x')} HTTP/1.1`, host));
    await ask(requestText(`GET ${withQuery('/health')} HTTP/9.9`, host));
    await ask(
      requestText(`GET ${withQuery('/health')} HTTP/1.1`, [...host, ['Origin', 'https://evil.example']]),
    );
    const body = `{"message":{"content":${JSON.stringify(query)}`;
    const length: Headers = [
      ['Content-Type', 'application/json'],
      ['Content-Length', String(body.length)],
    ];
    await ask(requestText(`POST ${withQuery('/ws/broadcast')} HTTP/1.1`, [...host, ...length], body));
  }
  return answers;
}

/** A token within a connection: to be taken, refused, and in frames that are no good at all. */
async function refresh(url: string, { token, wrongToken }: Secrets): Promise<string> {
  const raw = await RawSocket.webSocket(url, `/ws/connect?token=${token}`);
  const frames = [token, wrongToken].flatMap((jwt) => [
    `{"action":"refresh","data":{"token":"${jwt}"}}`,
    `{"action":"refresh","data":{"token":"${jwt}"}`,
    `{"action":"refresh","data":{"token":["${jwt}"]}}`,
    `{"action":"refresh","data":"${jwt}"}`,
  ]);
  for (const frame of [...frames, '{"action":"ping"}']) raw.write(clientFrame(opcodes.text, frame));
  await raw.frames.next(({ payload }) => payload.includes('"pong"'));
  raw.close();
  return raw.frames.all.map(({ payload }) => String(payload)).join('\n');
}

it('no credential is ever in the log, in an answer or in a metric, whichever way it is presented', async () => {
  using directory = new Directory();
  await using server = await ServerProcess.start({
    env: {
      DATABASE_PATH: directory.join('chat.db'),
      JWT_SECRET: testSecret,
      WS_API_KEYS: `tests:manage:${apiKey}`,
      WEBSOCKET_AUTH_REQUIRED: 'true',
      LOG_LEVEL: 'debug',
    },
  });
  const banner = server.stdout;
  const order = { algorithm: 'HS256', ttlSeconds: 600, clock: systemClock } as const;
  const token = await signToken({ ...order, user: 'a-user-of-the-tests', secret: testSecret });
  const wrongToken = await signToken({
    ...order,
    user: 'an-intruder-of-the-tests',
    secret: `${testSecret}!`,
  });
  const issued = await fetch(`${server.url}/sse/ticket`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const { ticket } = (await issued.json()) as { ticket: string };
  const secrets = { token, wrongToken, ticket };

  let answers = await presentEverywhere(server.url, secrets);
  answers += await refresh(server.url, secrets);
  for (const path of ['/metrics', '/ws/connections', '/ws/stats']) {
    const response = await fetch(server.url + path, { headers: { 'x-api-key': apiKey } });
    answers += await response.text();
  }
  assert.deepEqual(await server.kill('SIGTERM'), { code: 0, signal: null });

  const log = server.stdout.slice(banner.length) + server.stderr;
  assert.match(log, /"status":401/, 'refusals are in the log');
  const parts = [...token.split('.').slice(1), ...wrongToken.split('.').slice(1)];
  for (const secret of [...parts, ticket, apiKey, wrongKey, wrongTicket, testSecret]) {
    const line = log.split('\n').find((text) => text.includes(secret));
    assert.equal(line, undefined, 'in the log');
    const answer = answers.split('\n').find((text) => text.includes(secret));
    assert.equal(answer, undefined, 'in an answer');
  }
});
