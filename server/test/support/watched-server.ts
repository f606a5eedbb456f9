import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { loadSettings } from '../../src/config/load.ts';
import { startServer } from '../../src/server.ts';
import { eventually } from './eventually.ts';
import { TestServer, testSecret } from './server.ts';
import type { SocketClient } from './socket-client.ts';
import type { StreamClient } from './stream-client.ts';

const channel = 'witness';

/**
 * A server under attack, with two witnesses on connections of their own. What the server writes to its log as a
 * fault is a fault: nothing that a client sends may cause one.
 */
export class WatchedServer extends TestServer {
  readonly faults: unknown[];
  #socket: SocketClient | null = null;
  #stream: StreamClient | null = null;
  #count = 0;

  constructor(url: string, faults: unknown[], close: () => Promise<void>) {
    super(url, systemClock, close);
    this.faults = faults;
  }

  /** The server lives, others notice nothing, and there was no fault. To be awaited after each hostile act. */
  async unharmed(): Promise<void> {
    const content = ++this.#count;
    this.#socket ??= await this.#openSocket();
    this.#stream ??= await this.stream(`/sse/connect?channels=${channel}`);
    const published = await this.call('POST', '/ws/send-to-channel', { channel, message: { content } });
    assert.equal(published.status, 200);
    await this.#socket.next({ channel, content });
    await this.#stream.next('message', { channel, content });
    assert.deepEqual(this.faults, []);
  }

  /** Whoever came has gone, and left no connection, no channel and no subscription behind. Not behind `unharmed`. */
  async forsaken(): Promise<void> {
    const stats = async () => (await this.call('GET', '/ws/stats')).body;
    await eventually(async () => (await stats()).total_connections === 0, 'everybody has left');
    const { websocket, sse, channels } = await stats();
    assert.deepEqual([websocket.total, websocket.users, sse.total, sse.users], [0, 0, 0, 0]);
    assert.deepEqual(channels, { total: 0, subscriptions: 0 });
    const { body } = await this.call('GET', '/ws/connections');
    assert.deepEqual(body, { connections: [], total: 0 });
  }

  async #openSocket(): Promise<SocketClient> {
    const socket = await this.socket('/ws/connect');
    await socket.ask({ action: 'subscribe', data: { channel } }, { type: 'subscribed' });
    return socket;
  }
}

/** Starts it on a free port and a directory of its own. */
export async function watchedServer(env: Readonly<Record<string, string>> = {}): Promise<WatchedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'fanwire-hostile-'));
  const faults: unknown[] = [];
  const ignore = (): void => {};
  const fault = (fields: object, text: string): void => void faults.push({ ...fields, text });
  const settings = loadSettings({
    PORT: '0',
    DATABASE_PATH: join(directory, 'chat.db'),
    JWT_SECRET: testSecret,
    ...env,
  });
  const server = await startServer(settings, { debug: ignore, info: ignore, warn: fault, error: fault });
  return new WatchedServer(server.url, faults, async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
}
