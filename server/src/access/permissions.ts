import { FanwireError } from '../errors.ts';
import { type ChannelSet, channelSet, includes } from './channel-set.ts';
import { channelNameProblem } from './names.ts';

export type Operation = 'subscribe' | 'publish' | 'presence' | 'history';

export const operations: readonly Operation[] = ['subscribe', 'publish', 'presence', 'history'];

/** What may be done without credentials, by the setting ANONYMOUS. */
export type GuestsMay = 'none' | 'subscribe' | 'all';

/** May somebody without credentials do this? */
export function guestMay(may: GuestsMay, operation: Operation): boolean {
  return may === 'all' || may === operation;
}

/**
 * The `channels` claim of a token, as JSON: patterns for each operation, or one list for all four. A pattern
 * is an exact name, or has `*` for any run of characters, anywhere and several times.
 */
export type ChannelsClaim = readonly string[] | { readonly [operation in Operation]?: readonly string[] };

/** What a token may do with which channels; an operation that the claim does not list matches nothing. */
export type ChannelPermissions = Readonly<Record<Operation, ChannelSet>>;

const maxPatterns = 100;

/**
 * Reads a `channels` claim: `["news", "room-*"]`, or `{"subscribe": ["news.*"], …}`. Returns null (no
 * restriction) only where the claim is absent; any other value that is not of these shapes, JSON null
 * included, throws `unauthorized`, so that a slip in making tokens never opens a channel.
 */
export function parseChannelPermissions(claim: unknown): ChannelPermissions | null {
  if (claim === undefined) return null;
  if (Array.isArray(claim)) {
    const all = parseSet(claim, 'channels');
    return { subscribe: all, publish: all, presence: all, history: all };
  }
  if (typeof claim !== 'object' || claim === null) {
    throw refused('channels', 'a list of names, or an object with a list for each operation, is expected');
  }
  return parseOperations(new Map<string, unknown>(Object.entries(claim)));
}

/**
 * May `channel` be used for `operation`? A pattern reaches a reserved name (`$user:…`) only if it begins with
 * `$` itself: `*` is every ordinary channel, not everyone's direct messages.
 */
export function allows(
  permissions: ChannelPermissions | null,
  operation: Operation,
  channel: string,
): boolean {
  if (permissions === null) return true;
  return includes(permissions[operation], channel);
}

function parseOperations(claim: ReadonlyMap<string, unknown>): ChannelPermissions {
  for (const key of claim.keys()) {
    if (!operations.some((operation) => operation === key)) {
      throw refused('channels', `only the operations ${operations.join(', ')} are known`);
    }
  }
  const setOf = (operation: Operation) => parseSet(claim.get(operation) ?? [], `channels.${operation}`);
  return {
    subscribe: setOf('subscribe'),
    publish: setOf('publish'),
    presence: setOf('presence'),
    history: setOf('history'),
  };
}

function parseSet(list: unknown, where: string): ChannelSet {
  if (!Array.isArray(list)) throw refused(where, 'a list of channel names is expected');
  if (list.length > maxPatterns) throw refused(where, `at most ${maxPatterns} patterns`);
  const texts = list.map((text: unknown, at) => checkPattern(text, `${where}[${at}]`));
  return channelSet(texts);
}

function checkPattern(text: unknown, where: string): string {
  const problem = channelNameProblem(text);
  if (problem !== null || typeof text !== 'string') throw refused(where, String(problem));
  return text;
}

function refused(where: string, problem: string): FanwireError {
  return new FanwireError('unauthorized', `the token's claim ${where}: ${problem}`);
}
