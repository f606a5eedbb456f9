import { describe, it } from 'node:test';
import { Random } from '../support/random.ts';
import { clientFrame, handshakeHeaders, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { testOrigin } from '../support/server.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

/** Resets of each kind, and how many are under way at once. */
const count = 800;
const together = 40;

/** Does it `count` times; each act ends with a reset of its own connection. */
async function again(fw: WatchedServer, act: (raw: RawSocket, n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const raw = new RawSocket(fw.url);
      try {
        await act(raw, next++);
      } finally {
        raw.reset();
      }
    }
  };
  await Promise.all(Array.from({ length: together }, one));
}

const origin: [string, string] = ['Origin', testOrigin];
const body = '{"channel":"c","message":{"content":1}}';

async function requests(fw: WatchedServer): Promise<string[]> {
  const token = await fw.token('u1');
  const upgrade = (path: string): string =>
    requestText(`GET ${path} HTTP/1.1`, [...handshakeHeaders, origin]);
  const host: [string, string] = ['Host', 'localhost'];
  return [
    upgrade('/ws/connect'),
    upgrade('/ws?room=r&client_id=c'),
    upgrade(`/ws/r?token=${token}`),
    upgrade('/'),
    requestText('GET /sse/connect?channels=c HTTP/1.1', [host]),
    requestText('GET /ready HTTP/1.1', [host]),
    requestText('GET /ws/connections HTTP/1.1', [host]),
    requestText(
      'POST /ws/send-to-channel HTTP/1.1',
      [host, ['Content-Type', 'application/json'], ['Content-Length', String(body.length)]],
      body,
    ),
  ];
}

describe(`${count} resets of each kind do no harm`, () => {
  it('within the request', async () => {
    await using fw = await watchedServer();
    const random = new Random();
    const texts = await requests(fw);
    await random.run(async () => {
      await again(fw, async (raw, n) => {
        const text = texts[n % texts.length] ?? '';
        raw.write(text.slice(0, random.integer(1, text.length - 1)));
        await raw.connected();
      });
      await fw.forsaken();
      await fw.unharmed();
    });
  });

  it('right behind the request', async () => {
    await using fw = await watchedServer();
    const texts = await requests(fw);
    await again(fw, async (raw, n) => {
      raw.write(texts[n % texts.length] ?? '');
      await raw.connected();
    });
    await fw.forsaken();
    await fw.unharmed();
  });

  it('at the first byte of the answer', async () => {
    await using fw = await watchedServer();
    const texts = await requests(fw);
    await again(fw, async (raw, n) => {
      raw.write(texts[n % texts.length] ?? '');
      await raw.until((text) => text !== '');
    });
    await fw.forsaken();
    await fw.unharmed();
  });

  it('within a frame, with frames before it that publish and subscribe', async () => {
    await using fw = await watchedServer();
    const random = new Random();
    const frames = Buffer.concat(
      [
        '{"action":"subscribe","data":{"channel":"c","history":10}}',
        '{"action":"send_to_channel","data":{"channel":"c","content":1}}',
        '{"action":"unsubscribe","data":{"channel":"c"}}',
        '{"action":"history","data":{"channel":"c"}}',
      ].map((text) => clientFrame(opcodes.text, text)),
    );
    await random.run(async () => {
      const [upgrade = ''] = await requests(fw);
      await again(fw, async (raw) => {
        raw.write(upgrade);
        await raw.head();
        raw.write(frames.subarray(0, random.integer(1, frames.length)));
        await raw.sent();
      });
      await fw.forsaken();
      await fw.unharmed();
    });
  });

  it('in the middle of what is delivered, on sockets and streams', async () => {
    await using fw = await watchedServer();
    const texts = (await requests(fw)).slice(0, 5);
    const join = clientFrame(opcodes.text, '{"action":"subscribe","data":{"channel":"c"}}');
    const publisher = await fw.socket('/ws/connect');
    const content = 'x'.repeat(2000);
    await again(fw, async (raw, n) => {
      raw.write(texts[n % texts.length] ?? '');
      await raw.head();
      if (n % texts.length === 0) raw.write(join);
      publisher.send({ action: 'send_to_channel', data: { channel: n % 2 === 0 ? 'c' : 'r', content } });
      await raw.sent();
    });
    publisher.close();
    await fw.forsaken();
    await fw.unharmed();
  });
});
