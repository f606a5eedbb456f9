import { StartError } from '../errors.ts';
import { channelNameProblem, isReserved } from './names.ts';

/** Channels by patterns: exact names, or with `*` for any run of characters, anywhere and several times. */
export interface ChannelSet {
  /** Names without a `*`: asked first, one look-up however many there are. */
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

/** A pattern cut at its stars: `news-*-eu` is first `news-`, middle none, last `-eu`. */
interface Pattern {
  readonly first: string;
  readonly middle: readonly string[];
  readonly last: string;
}

/** Of names and patterns that are known to be well-formed. */
export function channelSet(texts: readonly string[]): ChannelSet {
  return {
    names: new Set(texts.filter((text) => !text.includes('*'))),
    patterns: texts.filter((text) => text.includes('*')).map(parsePattern),
  };
}

/** Of a setting: separated by commas. Throws a StartError for an entry that can be no channel's name. */
export function parseChannelList(text: string): ChannelSet {
  if (text.trim() === '') return channelSet([]);
  const entries = text.split(',').map((entry) => entry.trim());
  entries.forEach((entry, at) => {
    const problem = channelNameProblem(entry);
    if (problem !== null) throw new StartError(`entry ${at + 1} is no channel name or pattern: ${problem}`);
  });
  return channelSet(entries);
}

/**
 * A pattern reaches a reserved name (`$user:…`) only if it begins with `$` itself: `*` is every ordinary channel, not
 * everyone's direct messages.
 */
export function includes({ names, patterns }: ChannelSet, channel: string): boolean {
  return names.has(channel) || patterns.some((pattern) => matches(pattern, channel));
}

function parsePattern(text: string): Pattern {
  const [first = '', ...rest] = text.split('*');
  const last = rest.pop() ?? '';
  return { first, middle: rest.filter((literal) => literal !== ''), last };
}

/**
 * Each literal is looked for once, from left to right, and the earliest place is always a right one: there is
 * nothing to go back to, so no number of stars makes this slow (a regular expression would backtrack).
 */
function matches({ first, middle, last }: Pattern, channel: string): boolean {
  if (isReserved(channel) && !isReserved(first)) return false;
  if (channel.length < first.length + last.length) return false;
  if (!channel.startsWith(first) || !channel.endsWith(last)) return false;
  const end = channel.length - last.length;
  let from = first.length;
  for (const literal of middle) {
    const at = channel.indexOf(literal, from);
    if (at === -1 || at + literal.length > end) return false;
    from = at + literal.length;
  }
  return true;
}
