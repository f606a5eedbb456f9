import type { TestEvent } from 'node:test/reporters';

/** A reporter for `node --test`: the totals of the whole run as JSON, and nothing else. */
export default async function* totals(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let last: unknown;
  // Each file may have a summary, too; that of the run is the last.
  for await (const { type, data } of source) if (type === 'test:summary') last = data;
  yield JSON.stringify(last);
}
