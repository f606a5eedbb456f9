import { Ears } from './ears.ts';
import { channel, type Participant, webSocketUrl } from './participant.ts';

/** The room dialect, by the WebSocket that Node has built in. It needs a token and, like a browser, an Origin. */
export async function room(server: string, token: string): Promise<Participant> {
  const address = `/ws/${channel}`;
  const ears = new Ears(({ type, text }) => (type === 'chat.delivery' ? text : undefined));
  const socket = new WebSocket(webSocketUrl(server, address), {
    protocols: ['bearer', token],
    headers: { Origin: server },
  });
  socket.addEventListener('message', ({ data }) => ears.put(String(data)));
  socket.addEventListener('close', ({ code }) => ears.fail(`closed with ${code}`));
  // Nothing announces the room; frames are handled in order, so an answer comes from inside it.
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'presence.list' })));
  await ears.get(({ type }) => type === 'presence.state');
  return {
    name: 'room',
    address,
    library: "Node's own WebSocket, token as subprotocol",
    ears,
    say(text) {
      const frame = JSON.stringify({ type: 'chat.message', text });
      socket.send(frame);
      return frame;
    },
    close: () => socket.close(),
  };
}
