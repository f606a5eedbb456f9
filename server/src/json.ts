import type { JsonText } from './engine/engine.ts';
import { badRequest, FanwireError } from './errors.ts';
import { refuseHalves } from './surrogates.ts';

/** How deep a value may be nested: receivers in other languages fail far below what V8 takes. */
export const maxDepth = 128;

const quote = 0x22;
const backslash = 0x5c;

/** Client-chosen JSON. Names are own properties, `__proto__` included; look them up by `field`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a frame or body that has to be a JSON object. Throws `bad_json` or `bad_request`. */
export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isObject(value))
    throw new FanwireError('bad_request', `a JSON object is expected, not ${kindOf(value)}`);
  return value;
}

/** Throws `bad_json` with the place of the fault, never with a stack or the parser's own text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (text.startsWith('\ufeff')) {
      throw new FanwireError('bad_json', 'not valid JSON: it begins with a byte order mark; send it without');
    }
    const place = thrown instanceof Error ? /position \d+/.exec(thrown.message)?.[0] : undefined;
    throw new FanwireError('bad_json', place ? `not valid JSON at ${place}` : 'not valid JSON');
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, so that `constructor` or `toString` is absent unless the client sent it. */
export function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The word for a value in an error message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}

/**
 * The text of one member of a JSON object, exactly as the client wrote it, so that numbers beyond a double and the
 * like pass through unchanged and nothing is serialised twice. `json` has to be valid. Of a name written twice the
 * last one counts, as in JSON.parse. Undefined when there is no such member.
 */
export function rawMember(json: string, name: string): string | undefined {
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  let found: string | undefined;
  while (json.charCodeAt(at) === quote) {
    const nameEnd = skipString(json, at);
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = skipValue(json, start);
    if (sameName(json, at, nameEnd, name)) found = json.slice(start, end);
    at = skipSpace(json, end);
    if (json[at] !== ',') break;
    at = skipSpace(json, at + 1);
  }
  return found;
}

/** The texts of the elements of a JSON array, each exactly as the client wrote it. `json` has to be valid. */
export function rawElements(json: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (at < json.length && json[at] !== ']') {
    const end = skipValue(json, at);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return elements;
}

/**
 * Valid JSON as it is kept and sent: on one line (an SSE `data:` field is a line), not nested deeper than `maxDepth`,
 * and without half a character. Throws `bad_request`, naming `what`.
 */
export function toJsonText(raw: string, what: string): JsonText {
  const first = raw.charCodeAt(0);
  const isNested = first === 0x7b || first === 0x5b;
  if (isNested && depthOf(raw) > maxDepth) {
    throw new FanwireError('bad_request', `${what} is nested deeper than ${maxDepth} levels`);
  }
  refuseHalves(raw, what);
  if (!isNested) return raw;
  return /[\r\n]/.test(raw) ? raw.replace(/[\r\n]+/g, ' ') : raw;
}

/** JSON text of a value that a program gives. Throws `bad_request` for what has none, or is nested too deep. */
export function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    throw badRequest(`data: has no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (text === undefined) throw badRequest(`data: a JSON value is required, not ${typeof value}`);
  return toJsonText(text, 'data');
}

function sameName(json: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length + 2 && json.startsWith(name, start + 1)) return true;
  const written = json.slice(start, end);
  return written.includes('\\') && JSON.parse(written) === name;
}

function skipSpace(json: string, start: number): number {
  let at = start;
  for (let code = json.charCodeAt(at); code === 0x20 || (code >= 9 && code <= 13); code = json.charCodeAt(at))
    at++;
  return at;
}

/** From the opening quote to behind the closing one. */
function skipString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); ; at = json.indexOf('"', at + 1)) {
    if (at < 0) return json.length;
    let slashes = 0;
    while (json.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

function skipValue(json: string, start: number): number {
  const first = json.charCodeAt(start);
  if (first === quote) return skipString(json, start);
  if (first !== 0x7b && first !== 0x5b) return skipScalar(json, start);
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = skipString(json, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
  }
  return json.length;
}

function skipScalar(json: string, start: number): number {
  let at = start;
  while (at < json.length && !',]} \t\r\n'.includes(json.charAt(at))) at++;
  return at;
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = skipString(json, at) - 1;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
