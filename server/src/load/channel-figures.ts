import { type Endpoint, urlOf } from './endpoint.ts';
import { Refused } from './refused.ts';

/** Milliseconds for an answer. */
const PATIENCE_MS = 30_000;

/** How many messages a channel ever got, by what the server itself says of it; 0 for one that it does not know. */
export function channelOffset(server: Endpoint, channel: string): Promise<number> {
  return figureOf(server, channel, 'offset');
}

/** How many connections a channel has on the node that answers. */
export function channelSubscribers(server: Endpoint, channel: string): Promise<number> {
  return figureOf(server, channel, 'subscribers');
}

async function figureOf(server: Endpoint, channel: string, name: 'offset' | 'subscribers'): Promise<number> {
  const url = urlOf(server, `/api/channels/${encodeURIComponent(channel)}`);
  const answer = await fetch(url, {
    headers: { ...server.headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await answer.text();
  if (answer.status === 404) return 0;
  const figure = answer.ok ? (JSON.parse(text) as Readonly<Record<string, unknown>>)[name] : undefined;
  if (typeof figure === 'number') return figure;
  throw new Refused(`the server answered ${answer.status} to ${url}: ${text}`, {
    status: answer.status,
    body: text,
  });
}
