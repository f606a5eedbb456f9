import { badRequest, FanwireError } from '../errors.ts';
import { reservedTypes } from '../frames.ts';

/** How long a text may be: UTF-8 bytes, or characters (Unicode code points, as JSON Schema counts them). */
interface TextRule {
  readonly max: number;
  readonly unit: 'bytes' | 'characters';
}

const channelRule: TextRule = { max: 255, unit: 'bytes' };
const userRule: TextRule = { max: 250, unit: 'bytes' };
const messageIdRule: TextRule = { max: 128, unit: 'characters' };
const messageTypeRule: TextRule = { max: 64, unit: 'characters' };

const printableAscii = /^[\x20-\x7e]+$/;

/** Names beginning with `$` are the server's own: `$all`, `$user:<id>`. */
export function isReserved(name: string): boolean {
  return name.startsWith('$');
}

/**
 * A channel name from a client: 1 to 255 UTF-8 bytes of well-formed Unicode without control characters.
 * Throws `bad_request` naming `field`, or `forbidden` for a reserved name.
 */
export function checkChannelName(name: unknown, field: string): string {
  const checked = checkText(name, field, channelRule);
  if (isReserved(checked)) {
    throw new FanwireError(
      'forbidden',
      `${field}: must not begin with "$"; such names are reserved for the server`,
    );
  }
  return checked;
}

/** A message id, the idempotency key: 1 to 128 characters. Throws `bad_request` naming `field`. */
export function checkMessageId(value: unknown, field: string): string {
  return checkText(value, field, messageIdRule);
}

/** A message type: 1 to 64 characters, and none of the server's own. Throws `bad_request` naming `field`. */
export function checkMessageType(value: unknown, field: string): string {
  const type = checkText(value, field, messageTypeRule);
  if (reservedTypes.has(type)) {
    throw badRequest(`${field}: "${type}" is a type of the server's own frames; choose another name`);
  }
  return type;
}

/** A user id: 1 to 250 UTF-8 bytes. Throws `bad_request` naming `field`. */
export function checkUserId(value: unknown, field: string): string {
  return checkText(value, field, userRule);
}

/** What a user id has to be and is not ("must not be empty"); null if it is one. */
export function userIdProblem(value: unknown): string | null {
  return textProblem(value, userRule);
}

/** The same for a channel name or a pattern of such names; reserved names are no problem here. */
export function channelNameProblem(value: unknown): string | null {
  return textProblem(value, channelRule);
}

function checkText(value: unknown, field: string, rule: TextRule): string {
  const problem = textProblem(value, rule);
  if (problem !== null || typeof value !== 'string') throw badRequest(`${field}: ${problem}`);
  return value;
}

function textProblem(value: unknown, rule: TextRule): string | null {
  if (value === undefined) return 'a string is required';
  if (typeof value !== 'string') return 'a string is expected';
  if (value === '') return 'must not be empty';
  if (value.length <= rule.max && printableAscii.test(value)) return null;
  if (isTooLong(value, rule)) return `at most ${rule.max} ${lengthUnit(rule)}`;
  if (!value.isWellFormed()) return 'must be valid Unicode, without lone surrogates';
  if (hasControlCharacter(value)) return 'must not have control characters';
  return null;
}

/** The first comparison spares us from walking a text that is far too long. */
function isTooLong(value: string, { max, unit }: TextRule): boolean {
  if (unit === 'bytes') return value.length > max || Buffer.byteLength(value) > max;
  return value.length > 2 * max || [...value].length > max;
}

function lengthUnit({ unit }: TextRule): string {
  return unit === 'bytes' ? 'bytes of UTF-8' : 'characters';
}

/** C0, DEL and C1. */
function hasControlCharacter(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true;
  }
  return false;
}
