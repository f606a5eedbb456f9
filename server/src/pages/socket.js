import { addLine, byId, readValue, root, setStatus } from './dom.js';

const log = byId('log');
const status = byId('status');
/** By channel: where the last message seen stands. */
const positions = new Map();
const forOpen = ['subscribe', 'unsubscribe', 'send', 'sendRaw'];
let socket = null;
let requests = 0;

byId('address').value = new URL('ws/connect', root).href.replace(/^http/, 'ws');

/** What can be done with no socket, with one that connects, and with one that is open. */
function allow(state) {
  byId('connect').disabled = state !== 'none';
  byId('disconnect').disabled = state === 'none';
  for (const id of forOpen) byId(id).disabled = state !== 'open';
}

function connect() {
  const token = byId('token').value.trim();
  const opened =
    token === ''
      ? new WebSocket(byId('address').value)
      : new WebSocket(byId('address').value, ['bearer', token]);
  socket = opened;
  setStatus(status, 'connecting');
  allow('connecting');
  opened.onopen = () => {
    setStatus(status, 'connected', 'good');
    allow('open');
  };
  opened.onmessage = ({ data }) => receive(data);
  opened.onclose = ({ code, reason }) => {
    if (socket !== opened) return;
    socket = null;
    const why = code === 1006 ? 'refused or cut off' : `${code} ${reason}`;
    addLine(log, `closed: ${why}`, 'bad');
    setStatus(status, `not connected (${why})`, 'bad');
    allow('none');
  };
}

function receive(text) {
  addLine(log, `← ${text}`);
  const frame = readValue(text);
  if (frame?.offset !== undefined) keep(frame.channel, frame);
  else if (frame?.type === 'subscribed' || frame?.type === 'live') keep(frame.channel, frame.content);
  // With echo=false it stands for the message itself.
  else if (frame?.type === 'ack' && positions.has(frame.channel)) keep(frame.channel, frame.content);
}

/** A position of another epoch starts anew; within one it only goes forward. */
function keep(channel, { epoch, offset, replayed = 0 }) {
  const known = positions.get(channel);
  if (known?.epoch === epoch && known.offset >= offset) return;
  // The messages that `subscribed` announces are still to come: each brings its own position, and `live` the last.
  if (replayed === 0) positions.set(channel, { epoch, offset });
}

function send(frame) {
  const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
  addLine(log, `→ ${text}`, 'quiet');
  socket?.send(text);
}

function act(action, data) {
  send({ action, data, request_id: ++requests });
}

function onSubmit(id, handle) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    try {
      handle();
    } catch (thrown) {
      addLine(log, thrown.message, 'bad');
    }
  });
}

onSubmit('connection', connect);
onSubmit('subscription', () => {
  const channel = byId('channel').value;
  const position = byId('resume').checked ? positions.get(channel) : undefined;
  act('subscribe', { channel, ...(position ? { position } : {}) });
});
onSubmit('message', () => {
  act('send_to_channel', { channel: byId('channel').value, content: readValue(byId('content').value) });
});
onSubmit('raw', () => send(byId('frame').value));
byId('disconnect').addEventListener('click', () => socket?.close(1000));
byId('unsubscribe').addEventListener('click', () => act('unsubscribe', { channel: byId('channel').value }));
