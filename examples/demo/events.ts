import { EventSource } from 'eventsource';
import { contentText, Ears } from './ears.ts';
import { channel, type Participant } from './participant.ts';

/** The events dialect, by the npm package `eventsource`. A stream only hears; what it says goes by a request. */
export async function events(server: string): Promise<Participant> {
  const address = `/sse/connect?channels=${channel}`;
  const ears = new Ears(contentText);
  const source = new EventSource(`${server}${address}`);
  source.addEventListener('connected', ({ data }) => ears.put(data));
  source.addEventListener('message', ({ data }) => ears.put(data));
  source.addEventListener('error', ({ message }) => ears.fail(message ?? 'the stream broke off'));
  await ears.get(({ type }) => type === 'connected');
  return {
    name: 'events',
    address,
    library: 'eventsource',
    ears,
    say(text) {
      const body = JSON.stringify({ channel, event: 'text', data: text });
      const headers = { 'Content-Type': 'application/json' };
      fetch(`${server}/sse/send-to-channel`, { method: 'POST', headers, body }).then(
        ({ ok, status }) => ok || ears.fail(`the request was answered with ${status}`),
        (thrown: Error) => ears.fail(thrown.message),
      );
      return `POST /sse/send-to-channel ${body}`;
    },
    close: () => source.close(),
  };
}
