import type { JsonText } from '../engine/engine.ts';
import { badRequest, FanwireError } from '../errors.ts';
import { field, isObject, type JsonObject, kindOf, rawMember } from '../json.ts';
import { refuseHalf } from '../surrogates.ts';
import type { Frame } from './dialect.ts';

/*
 * Readers for the fields of a frame. Each throws `bad_request` naming the field by its path, what was expected and
 * what came.
 */

export function optionalString(object: JsonObject, name: string, path = name): string | undefined {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`${path}: a string is expected, not ${kindOf(value)}`);
  return value;
}

export function requiredString(object: JsonObject, name: string, path = name): string {
  const value = optionalString(object, name, path);
  if (value === undefined) throw badRequest(`${path}: a string is required`);
  return value;
}

/** Text that people wrote: 1 to `max` characters, an emoji being one as long as it is one code point. */
export function requiredText(object: JsonObject, name: string, max: number): string {
  const value = requiredString(object, name);
  if (value.length === 0) throw badRequest(`${name}: must not be empty`);
  refuseHalf(value, name);
  const length = value.length > max ? [...value].length : value.length;
  if (length > max) throw badRequest(`${name}: at most ${max} characters, not ${length}`);
  return value;
}

export function requiredObject(object: JsonObject, name: string, path = name): JsonObject {
  const value = field(object, name);
  if (!isObject(value)) throw badRequest(`${path}: an object is required, not ${kindOf(value)}`);
  return value;
}

export function optionalBoolean(object: JsonObject, name: string, path = name): boolean | undefined {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean')
    throw badRequest(`${path}: true or false is expected, not ${kindOf(value)}`);
  return value;
}

export function optionalInteger(
  object: JsonObject,
  name: string,
  range: { min: number; max: number },
  path = name,
): number | undefined {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw badRequest(
      `${path}: a whole number is expected, not ${typeof value === 'number' ? value : kindOf(value)}`,
    );
  }
  if (value < range.min || value > range.max) {
    throw badRequest(`${path}: from ${range.min} to ${range.max} is expected, not ${value}`);
  }
  return value;
}

export function optionalStrings(object: JsonObject, name: string, most: number): string[] {
  const value = field(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value))
    throw badRequest(`${name}: an array of strings is expected, not ${kindOf(value)}`);
  if (value.length > most) throw badRequest(`${name}: at most ${most} entries, not ${value.length}`);
  return value.map((entry: unknown, index) => {
    if (typeof entry !== 'string')
      throw badRequest(`${name}[${index}]: a string is expected, not ${kindOf(entry)}`);
    return entry;
  });
}

/**
 * JSON text of what a client sent along to recognise the answer: a string of at most 128 characters, or a number, as it
 * was written, since one beyond 2^53 is another once it is read.
 */
export type Reference = JsonText | undefined;

const maxReference = 128;

export function optionalReference({ object, text }: Frame, name: string): Reference {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length <= maxReference) {
    refuseHalf(value, name);
    return JSON.stringify(value);
  }
  const written = typeof value === 'number' && Number.isFinite(value) ? rawMember(text, name) : undefined;
  if (written !== undefined && written.length <= maxReference) return written;
  throw badRequest(`${name}: a string of at most ${maxReference} characters or a number is expected`);
}

/** The same, for error answers: what cannot be echoed is left out instead of being a second error. */
export function readableReference(frame: Frame, name: string): Reference {
  try {
    return optionalReference(frame, name);
  } catch {
    return undefined;
  }
}

export function unknownAction(member: string, value: unknown, known: readonly string[]): FanwireError {
  if (typeof value !== 'string')
    return badRequest(`${member}: a string is required, one of ${known.join(', ')}`);
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
  return new FanwireError('unknown_action', `${member}: unknown "${shown}"; known are ${known.join(', ')}`);
}

/** Largest offset a client may name. */
export const maxOffset = Number.MAX_SAFE_INTEGER - 1;
/** Most messages of one history answer. */
export const maxPage = 1000;

/** `limit`, `before`, `after`, `from`, `to` of a history request, where present; `path` is where they are. */
export function historyQuery(
  object: JsonObject,
  defaultLimit: number,
  path = '',
): { limit: number; before?: number; after?: number; from?: number; to?: number } {
  const offset = (name: string): number | undefined =>
    optionalInteger(object, name, { min: 0, max: maxOffset }, path + name);
  const before = offset('before');
  const after = offset('after');
  const from = offset('from');
  const to = offset('to');
  return {
    limit: optionalInteger(object, 'limit', { min: 1, max: maxPage }, `${path}limit`) ?? defaultLimit,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
