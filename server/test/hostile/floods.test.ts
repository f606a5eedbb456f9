import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
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

  it('500 connections with half a handshake each', async () => {
    await using target = await Target.start();
    const halves = Array.from({ length: 500 }, () => new RawSocket(target.server.url));
    for (const half of halves) half.write(`GET /ws/connect HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}`);
    await target.servesThroughout(20);
    for (const half of halves) half.close();
    await target.servesThroughout(20);
  });
});
