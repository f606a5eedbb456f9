import type { Position } from '../../engine/engine.ts';

/** All names of one stream together have to fit the `Last-Event-ID` header that brings them back. */
export const maxNameBytes = 6_000;

/** What the names take up in a cursor. */
export function nameBytes(names: Iterable<string>): number {
  let bytes = 0;
  for (const name of names) bytes += encodeURIComponent(name).length;
  return bytes;
}

/**
 * The `id:` of an event: where the connection stands in each of its channels, as
 * `<epoch>;<name>:<offset>,<name>:<offset>:<epoch>`. The first epoch holds for every entry without its own. Names are
 * percent-encoded, so that the whole is ASCII and fits a `Last-Event-ID` header.
 */
export function encodeCursor(positions: ReadonlyMap<string, Position>): string {
  const entries = [...positions];
  const epoch = entries[0]?.[1].epoch ?? '';
  return `${epoch};${entries.map(([name, position]) => encodeEntry(name, position, epoch)).join(',')}`;
}

/** Epochs are echoed in the ids of events: no client may put anything else there, a line break above all. */
const epochShape = /^[\w-]{0,64}$/;

/** Null for a text that is no cursor of this server. */
export function decodeCursor(text: string): Map<string, Position> | null {
  const semicolon = text.indexOf(';');
  if (semicolon < 0) return null;
  const common = text.slice(0, semicolon);
  if (!epochShape.test(common)) return null;
  const positions = new Map<string, Position>();
  for (const entry of text.slice(semicolon + 1).split(',')) {
    if (entry === '') continue;
    const [name, offset, epoch, ...rest] = entry.split(':');
    const place = Number(offset);
    const decoded = decodeName(name ?? '');
    if (
      decoded === null ||
      rest.length > 0 ||
      !/^\d{1,16}$/.test(offset ?? '') ||
      !epochShape.test(epoch ?? '') ||
      !Number.isSafeInteger(place)
    ) {
      return null;
    }
    positions.set(decoded, { epoch: epoch ?? common, offset: place });
  }
  return positions;
}

/** The same cursor for all offsets of one channel, split around the offset. */
export function cursorAround(
  positions: ReadonlyMap<string, Position>,
  channel: string,
): { readonly before: string; readonly after: string } {
  const marked = new Map(positions);
  const position = positions.get(channel);
  if (!position) return { before: encodeCursor(positions), after: '' };
  marked.delete(channel);
  // The moving entry goes last, so that the text around it is built once.
  const epoch = [...marked.values()][0]?.epoch ?? position.epoch;
  const others = marked.size > 0 ? `${encodeCursor(marked)},` : `${position.epoch};`;
  const own = position.epoch === epoch ? '' : `:${position.epoch}`;
  return { before: `${others}${encodeURIComponent(channel)}:`, after: own };
}

function encodeEntry(name: string, { epoch, offset }: Position, common: string): string {
  return `${encodeURIComponent(name)}:${offset}${epoch === common ? '' : `:${epoch}`}`;
}

function decodeName(encoded: string): string | null {
  try {
    const name = decodeURIComponent(encoded);
    return name === '' ? null : name;
  } catch {
    return null;
  }
}
