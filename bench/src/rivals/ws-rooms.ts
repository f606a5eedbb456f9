import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { deliveryOf, type Published } from './envelope.ts';
import { announce } from './lifetime.ts';

/** What a client sends; a publish has `content`, a subscription has none. */
interface Action {
  readonly action: 'subscribe' | 'send_to_channel';
  readonly data: Published;
}

const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false });
const rooms = new Map<string, Set<WebSocket>>();

function join(name: string, socket: WebSocket): void {
  const members = rooms.get(name) ?? new Set();
  rooms.set(name, members.add(socket));
  socket.on('close', () => members.delete(socket));
}

wss.on('connection', (socket) => {
  const connectionId = randomUUID();
  socket.on('error', () => socket.terminate());
  socket.on('message', (message) => {
    const { action, data } = JSON.parse(message.toString()) as Action;
    if (action === 'subscribe') {
      join(data.channel, socket);
      socket.send(JSON.stringify({ type: 'subscribed', channel: data.channel }));
      return;
    }
    const text = JSON.stringify(deliveryOf(data, 'bench', connectionId));
    for (const member of rooms.get(data.channel) ?? []) member.send(text);
  });
  socket.send(JSON.stringify({ type: 'connected', content: { connection_id: connectionId } }));
});

announce(server);
