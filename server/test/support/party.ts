import { chat, enter, relay, room, type Visit } from './doors.ts';
import type { TestServer } from './server.ts';
import type { Frame, SocketClient } from './socket-client.ts';
import type { StreamClient } from './stream-client.ts';

/** A client of each WebSocket dialect, and an event stream: of those that answer whatever the server asks of them. */
export interface Party {
  readonly sockets: readonly (readonly [name: string, client: SocketClient])[];
  readonly stream: StreamClient;
}

const pongs: Readonly<Record<string, (frame: Frame) => object>> = {
  ping: ({ payload }) => ({ type: 'pong', payload }),
  'system.ping': () => ({ type: 'system.pong' }),
};

/** All in the room `lobby`. `user` gives all of them a token. */
export async function gather(fw: TestServer, visit: Visit = {}): Promise<Party> {
  const credential = visit.user === undefined ? '' : `&token=${await fw.token(visit.user, visit.token)}`;
  const native = await fw.socket(`/ws/connect?${credential}`);
  await native.ask({ action: 'subscribe', data: { channel: 'lobby' } }, { type: 'subscribed' });
  const stream = await fw.stream(`/sse/connect?channels=lobby${credential}`);
  await stream.next('connected');
  const longLived = { user: 'u1', token: { ttlSeconds: 20 * 365 * 86_400 } };
  const sockets = [
    ['relay', await enter(fw, relay, 'lobby', visit)],
    ['room', await enter(fw, room, 'lobby', { ...longLived, ...visit })],
    ['channel', native],
    ['chat', await enter(fw, chat, 'lobby', visit)],
  ] as const;
  for (const [, client] of sockets) answerPings(client);
  return { sockets, stream };
}

function answerPings(client: SocketClient): void {
  client.ws.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Frame;
    const pong = pongs[frame.type];
    if (pong) client.send(pong(frame));
  });
}

/** Resolves when each of them has got a message that was published after this call; fails when one is gone. */
export async function allHear(fw: TestServer, { sockets, stream }: Party): Promise<void> {
  const data = `heard ${performance.now()}`;
  await fw.call('POST', '/api/publish', { channel: 'lobby', data });
  await stream.inbox.next((event) => JSON.stringify(event.data).includes(data));
  for (const [, client] of sockets) await client.inbox.next((frame) => JSON.stringify(frame).includes(data));
}
