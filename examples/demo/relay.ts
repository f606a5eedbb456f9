import { WebSocket } from 'ws';
import { Ears } from './ears.ts';
import { channel, type Participant, webSocketUrl } from './participant.ts';

/** The relay dialect, by the npm package `ws`. */
export async function relay(server: string): Promise<Participant> {
  const address = `/ws?room=${channel}&client_id=rita`;
  const ears = new Ears(({ type, payload }) => (type === 'message' ? payload?.text : undefined));
  const socket = new WebSocket(webSocketUrl(server, address));
  socket.on('message', (data) => ears.put(String(data)));
  socket.on('error', ({ message }) => ears.fail(message));
  socket.on('close', (code) => ears.fail(`closed with ${code}`));
  // The room of the address is joined without a word; joining it once more is answered.
  socket.on('open', () => socket.send(JSON.stringify({ type: 'join', payload: { room: channel } })));
  await ears.get(({ type }) => type === 'joined');
  return {
    name: 'relay',
    address,
    library: 'ws',
    ears,
    say(text) {
      const frame = JSON.stringify({ type: 'message', payload: { text } });
      socket.send(frame);
      return frame;
    },
    close: () => socket.close(),
  };
}
