import type { JsonObject } from '../../json.ts';
import { type Api, listIn, textIn } from './api.ts';
import type { Query } from './target.ts';

/** Most entries that the server gives at once. */
const pageSize = 1000;

/** All entries of a list that comes in pages: up to `limit`. */
export async function readPages(
  api: Api,
  path: string,
  name: string,
  { limit = Number.POSITIVE_INFINITY, ...query }: Query & { readonly limit?: number | undefined },
): Promise<JsonObject[]> {
  const entries: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const wanted = Math.min(limit - entries.length, pageSize);
    const answer = await api.call('GET', path, { query: { ...query, limit: wanted, cursor } });
    entries.push(...listIn(answer, name));
    cursor = textIn(answer, 'next') || undefined;
  } while (cursor !== undefined && entries.length < limit);
  return entries;
}
