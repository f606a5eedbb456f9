import { WebSocket } from 'ws';
import { Ears } from './ears.ts';
import { channel, type Participant, webSocketUrl } from './participant.ts';

/** The chat dialect, by the npm package `ws`. */
export async function chat(server: string): Promise<Participant> {
  const address = '/?name=charlie';
  const ears = new Ears(({ action, text }) => (action === 'message' ? text : undefined));
  const socket = new WebSocket(webSocketUrl(server, address));
  socket.on('message', (data) => ears.put(String(data)));
  socket.on('error', ({ message }) => ears.fail(message));
  socket.on('close', (code) => ears.fail(`closed with ${code}`));
  socket.on('open', () => socket.send(JSON.stringify({ action: 'join', room: channel })));
  await ears.get(({ action }) => action === 'joined');
  return {
    name: 'chat',
    address,
    library: 'ws',
    ears,
    say(text) {
      const frame = JSON.stringify({ action: 'message', room: channel, text });
      socket.send(frame);
      return frame;
    },
    close: () => socket.close(),
  };
}
