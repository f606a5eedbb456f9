/** How many messages a channel ever got, by what the server itself says of it; 0 for one that it does not know. */
export async function channelOffset(
  port: number,
  channel: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const url = `http://127.0.0.1:${port}/api/channels/${encodeURIComponent(channel)}`;
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  if (answer.status === 404) return 0;
  const offset = answer.ok ? (JSON.parse(text) as { offset?: unknown }).offset : undefined;
  if (typeof offset !== 'number') throw new Error(`the server answered ${answer.status} to ${url}: ${text}`);
  return offset;
}
