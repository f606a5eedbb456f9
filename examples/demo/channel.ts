import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { contentText, Ears } from './ears.ts';
import { channel, type Participant, webSocketUrl } from './participant.ts';
import { findPython } from './python.ts';

const address = '/ws/connect';
const subscribe = JSON.stringify({ action: 'subscribe', data: { channel }, request_id: 'first' });

/** How one library reaches the server. */
interface Line {
  readonly library: string;
  send(frame: string): void;
  close(): void;
}

/** The channel dialect, by the Python package `websockets` if it is there, else by Node's own WebSocket. */
export async function channelClient(server: string): Promise<Participant> {
  const ears = new Ears(contentText);
  const url = webSocketUrl(server, address);
  const python = findPython();
  const line = python ? byPython(python.program, python.version, url, ears) : byNode(url, ears);
  await ears.get(({ type }) => type === 'subscribed');
  return {
    name: 'channel',
    address,
    library: line.library,
    ears,
    say(text) {
      const frame = JSON.stringify({ action: 'send_to_channel', data: { channel, content: text } });
      line.send(frame);
      return frame;
    },
    close: () => line.close(),
  };
}

/** A process that prints each frame it gets, and sends each line it is given. */
function byPython(program: string, version: string, url: string, ears: Ears): Line {
  const script = join(import.meta.dirname, 'channel.py');
  const client = spawn(program, [script, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  createInterface({ input: client.stdout }).on('line', (frame) => ears.put(frame));
  client.on('error', ({ message }) => ears.fail(message));
  client.on('exit', (code) => ears.fail(`Python ended with ${code}`));
  client.stdin.on('error', ({ message }) => ears.fail(message));
  const send = (frame: string): void => void client.stdin.write(`${frame}\n`);
  send(subscribe);
  return { library: `Python websockets ${version}`, send, close: () => client.stdin.end() };
}

function byNode(url: string, ears: Ears): Line {
  const socket = new WebSocket(url);
  socket.addEventListener('message', ({ data }) => ears.put(String(data)));
  socket.addEventListener('close', ({ code }) => ears.fail(`closed with ${code}`));
  socket.addEventListener('open', () => socket.send(subscribe));
  return {
    library: "Node's own WebSocket",
    send: (frame) => socket.send(frame),
    close: () => socket.close(),
  };
}
