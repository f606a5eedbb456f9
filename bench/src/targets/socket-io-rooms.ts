import { fileURLToPath } from 'node:url';
import type { Reaction, Speech } from '../../../server/src/load/speech.ts';
import { socketIo } from './socket-io.ts';
import { CHANNEL, type Purpose, type Target, versionOf } from './target.ts';

/** The rival answers a subscription with an event, which is how a client knows that it is in the room. */
function speech({ subscribe, channel = CHANNEL }: Purpose): Speech | null {
  const plain = socketIo.speech({ subscribe, channel });
  if (plain === null || !subscribe) return plain;
  const request = `42${JSON.stringify(['subscribe', { channel }])}`;
  const hear = (text: string): Reaction => {
    if (text.startsWith('40')) return { reply: request };
    return text.startsWith('42["subscribed"') ? { ready: true } : plain.hear(text);
  };
  return { ...plain, hear };
}

export const socketIoRooms: Target = {
  name: 'socket.io-rooms',
  title: `Socket.IO ${versionOf('socket.io')}, many rooms, WebSocket only`,
  version: versionOf('socket.io'),
  launch: {
    script: fileURLToPath(new URL('../rivals/socket-io-rooms.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech,
};
