import { addLine, byId, keyHeaders, readValue, refusalOf, root, setStatus } from './dom.js';
import { EventParser } from './event-parser.js';

/*
 * Reads with fetch instead of an EventSource: that one shows only events whose names are known before, and sends no
 * Authorization header.
 */

const log = byId('log');
const status = byId('status');
let lastId = '';
let stopping = null;

byId('address').value = `${root.pathname}sse/connect?channels=news`;

function setConnected(connected) {
  byId('connect').disabled = connected;
  byId('disconnect').disabled = !connected;
}

function show({ event, data }) {
  addLine(log, `${event}: ${data}`);
}

function headers() {
  const token = byId('token').value.trim();
  const resume = byId('resume').checked && lastId !== '';
  return {
    accept: 'text/event-stream',
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(resume ? { 'last-event-id': lastId } : {}),
  };
}

async function read(signal) {
  const response = await fetch(byId('address').value, { headers: headers(), signal, cache: 'no-store' });
  if (!response.ok) throw new Error(await refusalOf(response));
  setStatus(status, 'connected', 'good');
  const parser = new EventParser(show);
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    parser.read(chunk);
    if (parser.lastId === '') continue;
    lastId = parser.lastId;
    byId('last').textContent = lastId;
  }
  throw new Error('the server ended the stream');
}

async function connect() {
  stopping = new AbortController();
  const { signal } = stopping;
  setConnected(true);
  setStatus(status, 'connecting');
  try {
    await read(signal);
  } catch (thrown) {
    const why = signal.aborted ? 'by you' : thrown.message;
    addLine(log, `closed: ${why}`, 'bad');
    setStatus(status, `not connected (${why})`, 'bad');
    setConnected(false);
  }
}

async function send() {
  const key = byId('key').value.trim();
  const response = await fetch(new URL('sse/send-to-channel', root), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(await keyHeaders(key)) },
    body: JSON.stringify({
      channel: byId('channel').value,
      event: byId('event').value,
      data: readValue(byId('data').value),
    }),
  });
  if (!response.ok) addLine(log, await refusalOf(response), 'bad');
}

byId('connection').addEventListener('submit', (event) => {
  event.preventDefault();
  connect();
});
byId('message').addEventListener('submit', (event) => {
  event.preventDefault();
  send().catch((thrown) => addLine(log, thrown.message, 'bad'));
});
byId('disconnect').addEventListener('click', () => stopping?.abort());
