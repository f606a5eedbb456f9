import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flood, Flooder } from '../support/flooder.ts';
import { residentMemory, threadTime } from '../support/memory.ts';
import { clientFrame, opcodes, requestText } from '../support/raw-socket.ts';
import { testSecret } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { Refused, SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { from } from '../support/warnings.ts';

const key = 'a-key-of-the-tests-that-is-long';
const attacker = from('203.0.113.7');
/** Milliseconds of each flood. */
const duration = 3_000;
/** Milliseconds between two pings: an honest client keeps to the lowest limit of these tests. */
const between = 12;
/** Milliseconds that a ping may take. */
const mostWait = 100;

/** A server with its defaults, as a process of its own. */
class Target implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #directory: Directory;

  private constructor(server: ServerProcess, directory: Directory) {
    this.server = server;
    this.#directory = directory;
  }

  static async start(env: Record<string, string> = {}): Promise<Target> {
    const directory = new Directory();
    const server = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('chat.db'), JWT_SECRET: testSecret, WS_API_KEYS: key, ...env },
    });
    return new Target(server, directory);
  }

  get url(): string {
    return this.server.url;
  }

  async socket(headers: Record<string, string>): Promise<SocketClient> {
    const client = new SocketClient(`${this.server.webSocketUrl}/ws/connect`, { headers });
    await client.opened;
    return client;
  }

  /**
   * How long an honest client waits for each of its pings for so long, sorted: milliseconds in which the server's thread
   * ran, as far as the system tells, because on a machine that is busy with others everything takes its time.
   */
  async waits(ms: number): Promise<number[]> {
    const honest = await this.socket(from('198.51.100.1'));
    const waits: number[] = [];
    for (const began = performance.now(); performance.now() - began < ms; ) {
      const request_id = `${waits.length}`;
      const asked = threadTime(this.server.pid);
      await honest.ask({ action: 'ping', request_id }, { type: 'pong', request_id });
      waits.push(threadTime(this.server.pid) - asked);
      await new Promise((resolve) => setTimeout(resolve, between));
    }
    honest.close();
    return waits.sort((a, b) => a - b);
  }

  /** Lines of the log that tell of a limit. */
  get bites(): { limit: string; of: string; address: string }[] {
    const lines = this.server.stderr.split('\n').filter((line) => line.includes('a limit bites'));
    return lines.map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** Of sorted values the one that so many are below. */
function share(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

const text = (frame: unknown): Buffer => clientFrame(opcodes.text, JSON.stringify(frame));

const floods: [what: string, flood: Flood, limit: string][] = [
  ['pings', { path: '/ws/connect', bytes: times(2_000, clientFrame(opcodes.ping)) }, 'frames'],
  ['pongs', { path: '/', bytes: times(2_000, clientFrame(opcodes.pong)) }, 'frames'],
  [
    'joins',
    { path: '/', bytes: Buffer.concat(range(500).map((n) => text({ action: 'join', room: `room-${n}` }))) },
    'frames',
  ],
  [
    'subscriptions',
    {
      path: '/ws/connect',
      bytes: Buffer.concat(range(300).map((n) => text({ action: 'subscribe', data: { channel: `c-${n}` } }))),
    },
    'frames',
  ],
  [
    'HTTP requests',
    {
      path: null,
      turns: true,
      bytes: Buffer.from(
        requestText('GET /openapi.json HTTP/1.1', [['Host', 'localhost'], ...Object.entries(attacker)]),
      ),
    },
    'requests',
  ],
  [
    'wrong keys',
    {
      path: null,
      turns: true,
      bytes: Buffer.from(
        requestText('GET /ws/stats HTTP/1.1', [
          ['Host', 'localhost'],
          ['X-API-Key', 'wrong'],
          ...Object.entries(attacker),
        ]),
      ),
    },
    'credentials',
  ],
];

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

describe('a flood from one address', () => {
  for (const [what, flood, limit] of floods) {
    it(`of ${what} leaves the pings of others under 100 ms, and is one line in the log`, async () => {
      // HTTP comes in turns: what is allowed at once by default would not be used up in the time of the test.
      const env = flood.turns ? { MESSAGE_RATE_LIMIT: '100' } : {};
      await using target = await Target.start(env);
      const before = residentMemory(target.server.pid);
      using flooder = new Flooder(target.url, 20, { ...flood, headers: attacker });
      const waits = await target.waits(duration);
      const at = (part: number): number => share(waits, part);
      const figures = `${waits.length} pings: median ${at(0.5).toFixed(1)} ms, 95 % ${at(0.95).toFixed(1)} ms, most ${at(0.9999).toFixed(1)} ms; ${Math.round(flooder.sent / 1e6)} MB sent, ${flooder.ended} thrown out, memory +${Math.round(residentMemory(target.server.pid) - before)} MiB`;
      console.log(`# ${what}: ${figures}`);
      assert.ok(at(0.95) < mostWait, figures);
      const { bites } = target;
      assert.ok(
        bites.some((bite) => bite.limit === limit && bite.address === '203.0.113.7'),
        target.server.stderr,
      );
      assert.ok(bites.length <= 6, `${bites.length} lines`);
    });
  }
});

describe('places', () => {
  it('one address cannot take them all, on any transport: others are let in', async () => {
    await using target = await Target.start({ MAX_CONNECTIONS_TOTAL: '100' });
    const opened: { close(): void }[] = [];
    const codes = new Map<string, number>();
    for (let n = 0; n < 120; n++) {
      const open = async (): Promise<{ close(): void }> => {
        if (n % 2) return target.socket(attacker);
        const stream = new StreamClient(`${target.url}/sse/connect`, attacker);
        await stream.opened;
        return stream;
      };
      await open().then(
        (client) => opened.push(client),
        (thrown) => {
          assert.ok(thrown instanceof Refused, String(thrown));
          const { code } = thrown.body.error;
          codes.set(code, (codes.get(code) ?? 0) + 1);
        },
      );
    }
    assert.equal(opened.length, 50);
    assert.deepEqual([...codes.keys()].sort(), ['limit_reached', 'rate_limited']);
    for (let n = 0; n < 10; n++) opened.push(await target.socket(from(`198.51.100.${n}`)));
    for (const client of opened) client.close();
  });

  it('many addresses cannot take those that are kept for who signs in', async () => {
    await using target = await Target.start({ MAX_CONNECTIONS_TOTAL: '40' });
    const opened: SocketClient[] = [];
    let refusals = 0;
    for (let n = 0; n < 60; n++) {
      await target.socket(from(`203.0.113.${n}`)).then(
        (client) => opened.push(client),
        () => refusals++,
      );
    }
    assert.deepEqual([opened.length, refusals], [36, 24]);
    for (let n = 0; n < 4; n++) opened.push(await target.socket({ 'x-api-key': key }));
    for (const client of opened) client.close();
  });
});
