import { badRequest } from './errors.ts';

/*
 * Half a character: UTF-16 has those beyond 65,535 (emoji above all) as two units, and JSON may spell one of them alone,
 * "\ud83d". JavaScript takes that; parsers that are strict refuse the whole text, and nothing can say it in UTF-8.
 */

const half = 'half of a character (such as an emoji that was cut in two) is not valid Unicode';
const anySurrogate = /\\u[dD][89a-fA-F]/;
/** Characters of a place that an error names. */
const longestPlace = 200;

/**
 * Throws `bad_request`, naming the place, for valid JSON text with half a character in a string or a name, however it is
 * spelt. A text without `\u` costs a search for it.
 */
export function refuseHalves(json: string, what: string): void {
  const isSuspect = json.includes('\\u') && anySurrogate.test(json);
  if (json.isWellFormed() && !(isSuspect && hasEscapedHalf(json))) return;
  const place = placeOf(JSON.parse(json), what) ?? what;
  const shown = place.length > longestPlace ? `${place.slice(0, longestPlace)}…` : place;
  throw badRequest(`${shown === '' ? 'a name' : shown}: ${half}`);
}

/** The same for a string that was read. */
export function refuseHalf(text: string, what: string): void {
  if (!text.isWellFormed()) throw badRequest(`${what}: ${half}`);
}

function hasEscapedHalf(json: string): boolean {
  let at = json.indexOf('\\');
  while (at >= 0) {
    const unit = escapedUnit(json, at);
    let end = at + (unit === null ? 2 : 6);
    if (unit !== null && isLow(unit)) return true;
    if (unit !== null && isHigh(unit)) {
      const next = json.charAt(end) === '\\' ? escapedUnit(json, end) : json.charCodeAt(end);
      if (next === null || !isLow(next)) return true;
      end += json.charAt(end) === '\\' ? 6 : 1;
    }
    at = json.indexOf('\\', end);
  }
  return false;
}

/** The unit that `\uXXXX` stands for; null for any other escape. */
function escapedUnit(json: string, at: number): number | null {
  return json.charAt(at + 1) === 'u' ? Number.parseInt(json.slice(at + 2, at + 6), 16) : null;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The path of the first string that is not whole, or of what has a name that is not; null when there is none. */
function placeOf(value: unknown, path: string): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) return path;
    const step = Array.isArray(value) ? `[${name}]` : path === '' ? name : `.${name}`;
    const place = placeOf(member, path + step);
    if (place !== null) return place;
  }
  return null;
}
