import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ChannelClient } from '../support/channel-client.ts';
import { Random } from '../support/random.ts';
import { type TestServer, testServer } from '../support/server.ts';

/*
 * HARDENING.md, "Live/replay boundary": publishing goes on while clients subscribe and recover, leave, and recover
 * again. What they get, put together, has no gap and no duplicate.
 */

/** Publishes 1, 2, 3 … to the channel without a pause until it is told to stop. */
class Flood {
  readonly #client: ChannelClient;
  readonly #channel: string;
  readonly #running: Promise<unknown>;
  #published = 0;
  #stopped = false;

  private constructor(client: ChannelClient, channel: string) {
    this.#client = client;
    this.#channel = channel;
    this.#running = Promise.all(Array.from({ length: 4 }, () => this.#run()));
  }

  static async start(fw: TestServer, channel: string): Promise<Flood> {
    return new Flood(await ChannelClient.open(fw), channel);
  }

  /** Resolves with how many were published. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#running;
    return this.#published;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const content = ++this.#published;
      await this.#client.publish(this.#channel, content);
    }
  }
}

const dense = (offsets: readonly number[]): void => {
  assert.deepEqual(
    offsets,
    offsets.map((_, index) => index + 1),
  );
};

/** Turns of the event loop, a different number each time. */
async function aWhile(random: Random, most: number): Promise<void> {
  for (let turn = random.integer(0, most); turn > 0; turn--) await setImmediate();
}

const rounds = 60;

for (const engine of ['sqlite', 'memory']) {
  const env = { ENGINE: engine, RECOVERY_WINDOW_SIZE: '1000000' };

  describe(`while a publisher publishes without a pause (${engine})`, () => {
    it('a client that leaves and comes back on one connection misses nothing', async () => {
      const random = new Random();
      await random.run(async () => {
        await using fw = await testServer({ env });
        const client = await ChannelClient.open(fw);
        const { content } = await client.ask('history', { channel: 'news' });
        const flood = await Flood.start(fw, 'news');
        const recover = async (): Promise<void> => {
          const position = { epoch: content.epoch, offset: client.last('news') };
          const answer = await client.subscribe('news', { position });
          assert.equal(answer.recovered, true);
          assert.equal(answer.replayed, answer.offset - position.offset);
        };
        for (let round = 0; round < rounds; round++) {
          await recover();
          await client.reached('news', client.last('news') + random.integer(0, 20));
          await client.ask('unsubscribe', { channel: 'news' });
          await aWhile(random, 20);
        }
        const published = await flood.stop();
        await recover();
        await client.reached('news', published);
        dense(client.offsets('news'));
      });
    });

    it('a client that breaks off and connects again misses nothing', async () => {
      const random = new Random();
      await random.run(async () => {
        await using fw = await testServer({ env });
        const flood = await Flood.start(fw, 'news');
        const offsets: number[] = [];
        let epoch: string | undefined;
        const recover = async (): Promise<ChannelClient> => {
          const client = await ChannelClient.open(fw);
          const { content } = await client.ask('history', { channel: 'news', limit: 1 });
          epoch ??= content.epoch;
          const answer = await client.subscribe('news', { position: { epoch, offset: offsets.length } });
          assert.equal(answer.recovered, true);
          return client;
        };
        for (let round = 0; round < rounds; round++) {
          const client = await recover();
          await client.reached('news', offsets.length + random.integer(0, 20));
          client.close();
          offsets.push(...client.offsets('news'));
          dense(offsets);
          await aWhile(random, 20);
        }
        const published = await flood.stop();
        const client = await recover();
        // The last round may have had everything: then nothing comes any more.
        if (published > offsets.length) await client.reached('news', published);
        await client.settled();
        const all = [...offsets, ...client.offsets('news')];
        dense(all);
        assert.equal(all.length, published);
      });
    });

    it('many clients that come at once all see the same', async () => {
      const random = new Random();
      await random.run(async () => {
        await using fw = await testServer({ env });
        const publisher = await ChannelClient.open(fw);
        const { epoch } = await publisher.publish('news', 0);
        const flood = await Flood.start(fw, 'news');
        const clients = await Promise.all(
          Array.from({ length: 20 }, async () => {
            const client = await ChannelClient.open(fw);
            await aWhile(random, 50);
            await client.subscribe('news', { position: { epoch, offset: 0 } });
            return client;
          }),
        );
        const published = (await flood.stop()) + 1;
        for (const client of clients) {
          await client.reached('news', published);
          dense(client.offsets('news'));
          assert.deepEqual(client.contents('news'), clients[0]?.contents('news'));
        }
      });
    });

    it('a stream that ends and resumes, with two channels, misses nothing', async () => {
      const random = new Random();
      await random.run(async () => {
        await using fw = await testServer({ env });
        const path = '/sse/connect?channels=a,b';
        const first = await fw.stream(path);
        let { id } = await first.next('connected');
        first.close();
        const floods = [await Flood.start(fw, 'a'), await Flood.start(fw, 'b')];
        const got: Record<string, number[]> = { a: [], b: [] };
        const read = async (enough: () => boolean): Promise<void> => {
          const stream = await fw.stream(path, { 'last-event-id': id });
          let seen = 0;
          await stream.inbox.until(() => {
            for (; seen < stream.inbox.all.length; seen++) {
              const event = stream.inbox.all[seen];
              if (!event) continue;
              assert.notEqual(event.event, 'gap');
              id = event.id;
              if (event.event === 'message') got[event.data.channel]?.push(event.data.offset);
            }
            return enough();
          });
          stream.close();
        };
        for (let round = 0; round < rounds; round++) {
          const wanted = random.integer(0, 30);
          const before = (got.a?.length ?? 0) + (got.b?.length ?? 0);
          await read(() => (got.a?.length ?? 0) + (got.b?.length ?? 0) >= before + wanted);
          await aWhile(random, 20);
        }
        const [a, b] = await Promise.all(floods.map((flood) => flood.stop()));
        await read(() => got.a?.length === a && got.b?.length === b);
        dense(got.a ?? []);
        dense(got.b ?? []);
      });
    });
  });
}
