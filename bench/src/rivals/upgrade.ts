import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { announce } from './lifetime.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const hello = Buffer.from(JSON.stringify({ type: 'connected' }));
const frame = Buffer.concat([Buffer.from([0x81, hello.length]), hello]);

/** The least that a handshake takes on `node:http`: the answer by hand, a constant hello behind it in one write. */
const server = createServer().on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const head =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.write(Buffer.concat([Buffer.from(head), frame]));
  socket.resume();
});

announce(server);
