import { stampedContent } from '../../server/src/load/stamp.ts';

/** As many as `POST /api/batch` takes. */
const LARGEST_BATCH = 1000;

/** Publishes one message of `bytes` bytes to each channel, so that it exists. Rejects where one was refused. */
export async function fillChannels(port: number, channels: readonly string[], bytes: number): Promise<void> {
  const data = stampedContent(bytes);
  for (let first = 0; first < channels.length; first += LARGEST_BATCH) {
    const messages = channels.slice(first, first + LARGEST_BATCH).map((channel) => ({ channel, data }));
    await publishBatch(port, messages);
  }
}

async function publishBatch(port: number, messages: readonly object[]): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
  });
  const text = await answer.text();
  const { results = [] } = answer.ok ? (JSON.parse(text) as { results?: { ok: boolean }[] }) : {};
  const published = results.filter((result) => result.ok).length;
  if (published === messages.length) return;
  const refusal = results.find((result) => !result.ok) ?? text;
  throw new Error(`of ${messages.length} messages ${published} were published: ${JSON.stringify(refusal)}`);
}
