import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CrowdOfReaders } from '../support/crowd.ts';
import { eventually } from '../support/eventually.ts';
import { clientFrame, opcodes, RawSocket } from '../support/raw-socket.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { type Frame, SocketClient } from '../support/socket-client.ts';

const crowdSize = 1000;

const day = '86400';
const env = {
  MAX_CONNECTIONS_TOTAL: '5000',
  WEBSOCKET_MAX_CONNECTIONS: '5000',
  // Nothing but messages goes to the readers.
  WEBSOCKET_HEARTBEAT_INTERVAL: day,
  WEBSOCKET_DISCONNECT_TIMEOUT: day,
};

/** A server as a process of its own, a crowd that reads all it is sent in the channel `crowd`, and other clients. */
class Place implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly crowd: CrowdOfReaders;
  readonly #directory: Directory;
  readonly #clients: SocketClient[] = [];

  private constructor(server: ServerProcess, crowd: CrowdOfReaders, directory: Directory) {
    this.server = server;
    this.crowd = crowd;
    this.#directory = directory;
  }

  static async open(): Promise<Place> {
    const directory = new Directory();
    const server = await ServerProcess.start({ env: { ...env, DATABASE_PATH: directory.join('chat.db') } });
    return new Place(server, await CrowdOfReaders.join(server.url, 'crowd', crowdSize), directory);
  }

  async client(channel?: string): Promise<SocketClient> {
    const client = new SocketClient(`${this.server.webSocketUrl}/ws/connect`, {});
    this.#clients.push(client);
    await client.opened;
    if (channel !== undefined)
      await client.ask({ action: 'subscribe', data: { channel } }, { type: 'subscribed' });
    return client;
  }

  /** The sum of a figure of the server's, over those of its series that match. */
  async figure(series: RegExp): Promise<number> {
    const text = await (await fetch(`${this.server.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => series.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.crowd[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** Messages that the two in a room of their own send to each other. */
const exchanges = 60;
/** Messages that one publisher has under way at once. */
const window = 8;

/** Publishers to the crowd, who go on as fast as they are acknowledged until they are told to stop. */
class Publishing {
  /** Offsets that were acknowledged, of each publisher in the order of its sending. */
  readonly acknowledged: number[][];
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(publishers: readonly SocketClient[]) {
    this.acknowledged = publishers.map(() => []);
    this.#running = Promise.all(publishers.map((client, n) => this.#publish(client, n))).then(() => {});
  }

  get count(): number {
    return this.acknowledged.reduce((sum, { length }) => sum + length, 0);
  }

  /** Resolves when everything is acknowledged. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#running;
  }

  async #publish(client: SocketClient, n: number): Promise<void> {
    const send = (): void => publish(client, 'crowd', 'x'.repeat(50));
    for (let sent = 0; sent < window; sent++) send();
    for (let open = window; open > 0; open--) {
      const { content } = await client.next({ type: 'ack' });
      this.acknowledged[n]?.push(content.offset);
      if (this.#stopped) continue;
      send();
      open++;
    }
  }
}

function publish(client: SocketClient, channel: string, content: unknown, id?: string): void {
  client.send({ action: 'send_to_channel', request_id: id, data: { channel, content, id } });
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1);
}

function isMessage(frame: Frame): boolean {
  return frame.type === 'text';
}

describe(`a room of ${crowdSize} under constant publishing`, { timeout: 60_000 }, () => {
  it('gets everything in one order, cuts nobody, and keeps no other room waiting', async () => {
    await using place = await Place.open();
    const publishers = await Promise.all(Array.from({ length: 4 }, () => place.client()));
    const pair = await Promise.all([place.client('pair'), place.client('pair')]);
    const publishing = new Publishing(publishers);
    /** How many messages of the crowd were acknowledged while one of the pair's was under way. */
    const meanwhile: number[] = [];
    for (let n = 1; n <= exchanges; n++) {
      const before = publishing.count;
      const [from, to] = n % 2 === 0 ? pair : [pair[1], pair[0]];
      publish(from, 'pair', n);
      const [{ content }, { offset }] = await Promise.all([
        from.next({ type: 'ack' }),
        to.next({ type: 'text', content: n }),
      ]);
      assert.deepEqual([content.offset, offset], [n, n]);
      meanwhile.push(publishing.count - before);
    }
    await publishing.stop();
    // All that is under way shares a tick: the pair waits for one, or now and then for the rest of another.
    const oneTick = publishers.length * window;
    const median = meanwhile.toSorted((a, b) => a - b)[exchanges / 2] ?? 0;
    assert.ok(median > 0, 'the crowd was published to all the time');
    assert.ok(median <= 1.5 * oneTick, `${median} messages went before one of the pair's`);
    await place.crowd.reached(publishing.count);
    assert.deepEqual(place.crowd.offsets, upTo(publishing.count));
    for (const offsets of publishing.acknowledged)
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => a - b),
      );
    for (const { inbox } of pair)
      assert.deepEqual(
        inbox.all.filter(isMessage).map(({ content }) => content),
        upTo(exchanges),
      );
  });

  it('shows each sender in it its own message before the acknowledgement', async () => {
    await using place = await Place.open();
    const senders = await Promise.all(Array.from({ length: 5 }, () => place.client('crowd')));
    const each = 100;
    await Promise.all(
      senders.map(async (client, n) => {
        for (let count = 1; count <= each; count++) {
          publish(client, 'crowd', 'mine', `${n}-${count}`);
          await client.next({ type: 'ack' });
        }
      }),
    );
    await place.crowd.reached(each * senders.length);
    assert.deepEqual(place.crowd.offsets, upTo(each * senders.length));
    for (const { inbox } of senders) {
      const frames = inbox.all;
      const acks = frames.filter(({ type }) => type === 'ack');
      assert.equal(acks.length, each);
      for (const ack of acks) {
        const own = frames.findIndex((frame) => isMessage(frame) && frame.id === ack.request_id);
        assert.equal(frames[own]?.offset, ack.content.offset);
        assert.ok(own < frames.indexOf(ack), `${ack.request_id} is acknowledged before it is seen`);
      }
      const offsets = frames.filter(isMessage).map(({ offset }) => offset);
      assert.deepEqual(offsets, upTo(offsets.length));
    }
  });

  it('cuts who is frozen with 4413, and nobody else', async () => {
    await using place = await Place.open();
    const frozen = await RawSocket.webSocket(place.server.url, '/ws/connect');
    for (const channel of ['filler', 'crowd']) {
      frozen.write(clientFrame(opcodes.text, `{"action":"subscribe","data":{"channel":"${channel}"}}`));
      await frozen.frames.next(({ payload }) => payload.includes('"subscribed"'));
    }
    frozen.socket.pause();
    const publisher = await place.client();
    // Until the system's buffers are full, of which each holds megabytes.
    const filler = 'x'.repeat(60_000);
    const blocked = async (): Promise<boolean> => {
      publish(publisher, 'filler', filler);
      await publisher.next({ type: 'ack' });
      return (await place.figure(/^fanwire_backlog_connections/)) === 1;
    };
    await eventually(blocked, 'the frozen one is blocked');
    const connections = (): Promise<number> => place.figure(/^fanwire_connections\{/);
    const before = await connections();
    assert.equal(before, crowdSize + 2, 'nobody is cut yet');
    const publishing = new Publishing([publisher, await place.client()]);
    await eventually(async () => (await connections()) <= before, 'the frozen one is cut');
    await publishing.stop();
    await place.crowd.reached(publishing.count);
    assert.deepEqual(place.crowd.offsets, upTo(publishing.count));
    assert.equal(await connections(), before);
    frozen.socket.resume();
    assert.equal(await frozen.closeCode(), 4413);
    frozen.close();
  });
});
