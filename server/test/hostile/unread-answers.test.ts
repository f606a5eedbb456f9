import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { residentMemory } from '../support/memory.ts';
import { clientFrame, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const channel = 'h';
const readers = 200;
/** MiB: 64 beyond the backlogs, which are 1 MiB for each reader. */
const allowed = 64 + readers;
/**
 * Streams and answers over HTTP are asked by nobody how far they are read: the kernel takes megabytes for each, as fast
 * as they can be made, and what was made for it waits for a collection.
 */
const allowedUnasked = 500;
/** Milliseconds that an honest client's ping may take meanwhile. The machine is shared: the median is held to it. */
const patience = 100;

/** What readers that read nothing ask for: far more than is ever ready for them. */
const questions: Readonly<Record<string, (socket: RawSocket, epoch: string) => void>> = {
  'a history with their subscription': (socket) =>
    socket.write(frame('subscribe', { channel, history: 1000 })),
  'everything behind a position': (socket, epoch) =>
    socket.write(frame('subscribe', { channel, position: { epoch, offset: 0 } })),
  'page after page': (socket) => {
    for (let n = 0; n < 100; n++) socket.write(frame('history', { channel, limit: 1000 }));
  },
};

function frame(action: string, data: object): Buffer {
  return clientFrame(opcodes.text, JSON.stringify({ action, data }));
}

/** The 1,000 messages of 64 KB that are there to be asked for. */
async function fill(url: string): Promise<string> {
  const content = 'x'.repeat(64_000);
  const message = { channel, data: content, persist: true };
  for (let n = 0; n < 100; n++) {
    const body = JSON.stringify({ messages: Array.from({ length: 10 }, () => message) });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fetch(`${url}/api/batch`, { method: 'POST', headers, body })).status, 200);
  }
  const page = await fetch(`${url}/api/channels/${channel}/messages?limit=1`);
  return ((await page.json()) as { epoch: string }).epoch;
}

describe(`${readers} readers that read nothing of 64 MB that they ask for`, () => {
  const directory = new Directory();
  const env = { DATABASE_PATH: directory.join('chat.db') };
  let epoch = '';

  before(async () => {
    await using server = await ServerProcess.start({ env });
    epoch = await fill(server.url);
    await server.kill('SIGTERM');
  });

  after(() => directory[Symbol.dispose]());

  /** While somebody pings ten times a second, for two seconds. */
  async function costs(ask: (url: string) => Promise<RawSocket>, most = allowed): Promise<void> {
    // A process of its own: memory that another case has left behind would hide what this one takes.
    await using server = await ServerProcess.start({ env });
    const witness = new SocketClient(`${server.webSocketUrl}/ws/connect`, {});
    await witness.opened;
    const resident = residentMemory(server.pid);
    const sockets: RawSocket[] = [];
    for (let n = 0; n < readers; n++) sockets.push(await ask(server.url));
    const pings: number[] = [];
    let growth = 0;
    for (let n = 0; n < 20; n++) {
      const began = performance.now();
      await witness.ask({ action: 'ping' }, { type: 'pong' });
      pings.push(performance.now() - began);
      growth = Math.max(growth, residentMemory(server.pid) - resident);
      await delay(100);
    }
    for (const socket of sockets) socket.close();
    witness.close();
    pings.sort((one, other) => one - other);
    const figures = `grew by ${Math.round(growth)} MiB, pings took ${pings[10]?.toFixed()} ms, ${pings[19]?.toFixed()} at most`;
    console.log(figures);
    assert.ok(growth < most, figures);
    assert.ok((pings[10] ?? 0) < patience, figures);
  }

  for (const [what, question] of Object.entries(questions)) {
    it(`cost no more than their backlogs when it is ${what}`, () =>
      costs(async (url) => {
        const socket = await RawSocket.webSocket(url, '/ws/connect');
        socket.socket.pause();
        question(socket, epoch);
        return socket;
      }));
  }

  for (const [what, query] of [
    ['the history of a stream', ''],
    ['everything behind a cursor', 'last_event_id=%3B%24all:0,h:0'],
  ] as const) {
    it(`cost no more than their backlogs when it is ${what}`, () =>
      costs(async (url) => {
        const socket = new RawSocket(url);
        socket.socket.pause();
        const path = `/sse/connect?channels=${channel}&${query}`;
        socket.write(requestText(`GET ${path} HTTP/1.1`, [['Host', 'localhost']]));
        return socket;
      }, allowedUnasked));
  }

  it('cost no more than their backlogs when it is a page over HTTP', () =>
    costs(async (url) => {
      const socket = new RawSocket(url);
      socket.socket.pause();
      const line = `GET /api/channels/${channel}/messages?limit=1000 HTTP/1.1`;
      for (let n = 0; n < 10; n++) socket.write(requestText(line, [['Host', 'localhost']]));
      return socket;
    }, allowedUnasked));
});
