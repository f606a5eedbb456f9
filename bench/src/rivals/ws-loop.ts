import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { deliveryOf, type Published } from './envelope.ts';
import { announce } from './lifetime.ts';

const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false });

wss.on('connection', (socket) => {
  const connectionId = randomUUID();
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    const { data: published } = JSON.parse(data.toString()) as { data: Published };
    const text = JSON.stringify(deliveryOf(published, 'bench', connectionId));
    for (const client of wss.clients) client.send(text);
  });
  socket.send(JSON.stringify({ type: 'connected', content: { connection_id: connectionId } }));
});

announce(server);
