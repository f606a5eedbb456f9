/** The rivals' answers over HTTP: of the same shape as Fanwire's, and always the same. */

export const PUBLISHED = {
  ok: true,
  id: '0198c0de-0000-7000-8000-000000000000',
  channel: 'bench',
  offset: 100_000,
  epoch: 'rival',
  duplicate: false,
} as const;

const texts = new Map<number, string>();

/** The answer to a batch of so many, as JSON text: Fanwire writes this one by hand, too. */
export function batchText(count: number): string {
  const known = texts.get(count);
  if (known !== undefined) return known;
  const text = `{"ok":true,"results":[${Array(count).fill(JSON.stringify(PUBLISHED)).join(',')}]}`;
  texts.set(count, text);
  return text;
}
