import { fileURLToPath } from 'node:url';
import type { Reaction } from '../../../server/src/load/speech.ts';
import { CHANNEL, type Target, versionOf } from './target.ts';

/** Engine.IO 4 packets, with Socket.IO 5 packets inside its messages. */
function hear(text: string): Reaction {
  if (text === '2') return { reply: '3' };
  if (text.startsWith('0{')) return { reply: '40' };
  // The server joins the room while it handles the same connection, before it reads another frame.
  if (text.startsWith('40')) return { ready: true };
  if (text.startsWith('44')) return { complaint: text.slice(2) };
  return {};
}

export const socketIo: Target = {
  name: 'socket.io',
  title: `Socket.IO ${versionOf('socket.io')}, a room, WebSocket only`,
  version: versionOf('socket.io'),
  launch: {
    script: fileURLToPath(new URL('../rivals/socket-io.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech: ({ channel = CHANNEL }) => ({
    path: '/socket.io/?EIO=4&transport=websocket',
    hear,
    publish: (content) => `42${JSON.stringify(['send_to_channel', { channel, content }])}`,
  }),
};
