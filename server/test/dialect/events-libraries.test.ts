import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort } from '../docs/nginx.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import { libraries, type Reader } from '../support/stream-readers.ts';

const env = { SSE_RETRY_TIMEOUT: '50' };
const names = ['connected', 'gap', 'message', 'price'];

/** What some reader or other takes for the end of a line, and what is no ASCII. */
const unruly = '\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029 ä€😀 data: forged';

function publish(fw: TestServer, channel: string, content: unknown, type = 'text') {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content, type } });
}

/** The contents of the messages so far. */
function contents({ seen }: Reader): unknown[] {
  return seen.all.filter(({ data }) => data.offset !== undefined).map(({ data }) => data.content);
}

function times(reader: Reader, event: string): number {
  return reader.seen.all.filter((one) => one.event === event).length;
}

async function connected(reader: Reader, nth = 1): Promise<string> {
  await reader.seen.until(
    () => times(reader, 'connected') >= nth,
    () => `connected ${nth} times`,
  );
  return reader.seen.all.filter(({ event }) => event === 'connected')[nth - 1]?.data.content.connection_id;
}

async function got(reader: Reader, count: number): Promise<void> {
  await reader.seen.until(
    () => contents(reader).length >= count,
    () => `${count} messages, not ${contents(reader).length}`,
  );
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

for (const [name, { skip, open }] of Object.entries(libraries)) {
  describe(`the library ${name}`, { skip }, () => {
    it('has each event at once, not when the next one comes, and whole', async () => {
      await using fw = await testServer({ env });
      const reader = open(`${fw.url}/sse/connect?channels=a`, names);
      try {
        await connected(reader);
        // Nothing else is sent until it is here.
        for (let n = 1; n <= 5; n++) {
          await publish(fw, 'a', { n, unruly, [unruly]: n }, n % 2 ? 'text' : 'price');
          await got(reader, n);
        }
        assert.deepEqual(
          contents(reader),
          upTo(5).map((n) => ({ n, unruly, [unruly]: n })),
        );
      } finally {
        reader.close();
      }
    });

    it('comes back where it was cut, without loss or duplicate', async () => {
      await using fw = await testServer({ env });
      const reader = open(`${fw.url}/sse/connect?channels=a,b`, names);
      try {
        const total = 120;
        for (let n = 1; n <= total; n++) {
          if (n % 40 === 1) {
            const id = await connected(reader, 1 + Math.floor(n / 40));
            const cut = await fw.call('DELETE', `/ws/connections/${id}`);
            assert.equal(cut.status, 200);
          }
          await publish(fw, n % 3 ? 'a' : 'b', n);
        }
        await got(reader, total);
        await connected(reader, 4);
        await publish(fw, 'a', total + 1);
        await got(reader, total + 1);
        const sorted = (contents(reader) as number[]).toSorted((one, other) => one - other);
        assert.deepEqual(sorted, upTo(total + 1));
        assert.equal(times(reader, 'gap'), 0);
      } finally {
        reader.close();
      }
    });

    it('comes back to a server that was away, without loss or duplicate, and is told of a gap', async () => {
      const port = await freePort();
      using directory = new Directory();
      /** The next life of the server, where the reader finds it or elsewhere. */
      const life = async (where: object, run: (fw: TestServer) => Promise<unknown>): Promise<void> => {
        const settings = { ...env, RECOVERY_WINDOW_SIZE: '5', ...where };
        await using fw = await testServer({ env: settings, directory: directory.path });
        await run(fw);
      };
      const here = { PORT: `${port}` };
      const reader = open(`http://127.0.0.1:${port}/sse/connect?channels=a`, names);
      try {
        await life(here, async (fw) => {
          await connected(reader);
          for (const n of upTo(3)) await publish(fw, 'a', n);
          await got(reader, 3);
        });
        await life({}, async (fw) => {
          for (const n of [4, 5]) await publish(fw, 'a', n);
        });
        await life(here, () => got(reader, 5));
        assert.deepEqual(contents(reader), upTo(5));
        assert.equal(times(reader, 'gap'), 0);
        await life({}, async (fw) => {
          for (const n of upTo(20)) await publish(fw, 'a', 5 + n);
        });
        await life(here, () => got(reader, 10));
        assert.deepEqual(contents(reader), [...upTo(5), 21, 22, 23, 24, 25]);
        const gaps = reader.seen.all.filter(({ event }) => event === 'gap');
        assert.deepEqual(
          gaps.map(({ data }) => data.content),
          [{ channel: 'a', from: 6, to: 20 }],
        );
      } finally {
        reader.close();
      }
    });
  });
}
