import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { residentMemory } from '../support/memory.ts';
import { clientFrame, opcodes, RawSocket } from '../support/raw-socket.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

/** MiB that the server may grow by under any of these attacks: less than a tenth of what each could cost. */
const mostGrowth = 300;

/** A server as a process of its own, whose memory is its own, and a witness on another connection. */
class Target implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly witness: SocketClient;
  readonly #directory: Directory;
  readonly #before: number;
  readonly #attackers: RawSocket[] = [];
  #pings = 0;

  private constructor(server: ServerProcess, witness: SocketClient, directory: Directory) {
    this.server = server;
    this.witness = witness;
    this.#directory = directory;
    this.#before = residentMemory(server.pid);
  }

  static async start(): Promise<Target> {
    const directory = new Directory();
    const server = await ServerProcess.start({ env: { DATABASE_PATH: directory.join('chat.db') } });
    const witness = new SocketClient(`${server.webSocketUrl}/ws/connect`, {});
    await witness.opened;
    return new Target(server, witness, directory);
  }

  async attackers(count: number): Promise<RawSocket[]> {
    for (let n = 0; n < count; n++)
      this.#attackers.push(await RawSocket.webSocket(this.server.url, '/ws/connect'));
    return this.#attackers;
  }

  get growth(): number {
    return residentMemory(this.server.pid) - this.#before;
  }

  /** The witness is served, one question after the other; meanwhile the memory is looked at. */
  async servesThroughout(questions: number): Promise<void> {
    for (let n = 0; n < questions; n++) {
      const request_id = ++this.#pings;
      await this.witness.ask({ action: 'ping', request_id }, { type: 'pong', request_id });
      assert.ok(this.growth < mostGrowth, `grew by ${Math.round(this.growth)} MiB`);
    }
  }

  /** Sends so many messages at once, and resolves to what was acknowledged. */
  async pour(channel: string, count: number): Promise<number[]> {
    const socket = new WebSocket(`${this.server.webSocketUrl}/ws/connect`);
    await once(socket, 'open');
    const acknowledged: number[] = [];
    for (let request_id = 0; request_id < count; request_id++)
      socket.send(
        JSON.stringify({ action: 'send_to_channel', data: { channel, content: request_id }, request_id }),
      );
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`closed with ${code} after ${acknowledged.length}`)));
      socket.on('message', (text) => {
        const { type, request_id } = JSON.parse(String(text));
        if (type === 'ack') acknowledged.push(request_id);
        if (acknowledged.length < count) return;
        socket.removeAllListeners('close').close();
        resolve(acknowledged);
      });
    });
  }

  async position(channel: string): Promise<{ offset: number }> {
    const response = await fetch(`${this.server.url}/api/channels/${channel}/messages?limit=1`);
    return (await response.json()) as { offset: number };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.witness.close();
    for (const attacker of this.#attackers) attacker.close();
    await this.server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

describe('floods: memory is bounded and others are served', () => {
  it('100 connections with 131,000 fragments of one byte each are closed with 1008', async () => {
    await using target = await Target.start();
    const attackers = await target.attackers(100);
    const fragment = clientFrame(opcodes.continuation, '[', { fin: false });
    const many = Buffer.concat(Array.from({ length: 1000 }, () => fragment));
    for (const attacker of attackers) attacker.write(clientFrame(opcodes.text, '[', { fin: false }));
    for (let n = 0; n < 131; n++) {
      for (const attacker of attackers) attacker.write(many);
      await setImmediate();
    }
    for (const attacker of attackers) assert.ok([1008, null].includes(await attacker.closeCode()));
    await target.servesThroughout(10);
  });

  it('100 connections that send one frame in thousands of packets are closed with 1008', async () => {
    await using target = await Target.start();
    const attackers = await target.attackers(100);
    for (const attacker of attackers) attacker.write(clientFrame(opcodes.text, '', { length: 65_535 }));
    // What the system joins on its way is fewer packets than were sent.
    for (let n = 0; n < 30_000 && attackers.some(({ socket }) => socket.writable); n++) {
      for (const attacker of attackers) attacker.write('[');
      await setImmediate();
    }
    for (const attacker of attackers) assert.ok([1008, null].includes(await attacker.closeCode()));
    await target.servesThroughout(10);
  });

  it('20 connections that publish as fast as they can, without end; then SIGTERM', async () => {
    await using target = await Target.start();
    const attackers = await target.attackers(20);
    const publish = '{"action":"send_to_channel","data":{"channel":"c","content":"x"}}';
    const chunk = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(opcodes.text, publish)));
    for (const { socket } of attackers) {
      socket.removeAllListeners('data').resume();
      const pour = (): void => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on('drain', pour);
      pour();
    }
    await target.servesThroughout(100);
    const deadline = AbortSignal.timeout(15_000);
    deadline.onabort = () => target.server.child.kill('SIGKILL');
    assert.deepEqual(await target.server.kill('SIGTERM'), { code: 0, signal: null });
  });

  it('publishers that are held back lose nothing, and every message is acknowledged once, in order', async () => {
    await using target = await Target.start();
    const each = 5_000;
    const publishers = Array.from({ length: 10 }, () => target.pour('c', each));
    for (const acknowledged of await Promise.all(publishers))
      assert.deepEqual(
        acknowledged,
        Array.from({ length: each }, (_, n) => n),
      );
    const { offset } = await target.position('c');
    assert.equal(offset, each * publishers.length);
  });

  it('a connection that asks for 1,000 pages of history and reads none of them', async () => {
    await using target = await Target.start();
    const content = 'x'.repeat(4000);
    for (let n = 0; n < 500; n++)
      target.witness.send({ action: 'send_to_channel', data: { channel: 'c', content } });
    await target.servesThroughout(1);
    const attackers = await target.attackers(10);
    const ask = clientFrame(opcodes.text, '{"action":"history","data":{"channel":"c","limit":500}}');
    for (const attacker of attackers) {
      attacker.socket.pause();
      attacker.write(Buffer.concat(Array.from({ length: 1000 }, () => ask)));
    }
    await target.servesThroughout(200);
  });

  it('500 connections with half a handshake each', async () => {
    await using target = await Target.start();
    const halves = Array.from({ length: 500 }, () => new RawSocket(target.server.url));
    for (const half of halves) half.write(`GET /ws/connect HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}`);
    await target.servesThroughout(20);
    for (const half of halves) half.close();
    await target.servesThroughout(20);
  });
});
