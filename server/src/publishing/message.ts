import { checkChannelName, checkMessageId, checkMessageType, checkUserId } from '../access/names.ts';
import type { JsonText } from '../engine/engine.ts';
import { everyone, userChannel } from '../hub/hub.ts';

/** A message as its publisher describes it; `typeOf` and `idOf` have read its type and id. */
export interface Outgoing {
  readonly type: string;
  readonly data: JsonText;
  readonly id?: string | undefined;
  readonly persist?: boolean | undefined;
}

/** Where a message goes. Made only by the functions below, which check the name. */
export interface Target {
  readonly kind: 'channel' | 'user' | 'everyone';
  readonly channel: string;
}

/** Throws `bad_request`, naming `field`, or `forbidden` for a reserved name. */
export function toChannel(name: unknown, field: string): Target {
  return { kind: 'channel', channel: checkChannelName(name, field) };
}

/** To every connection of a user. Throws `bad_request`, naming `field`. */
export function toUser(id: unknown, field: string): Target {
  return { kind: 'user', channel: userChannel(checkUserId(id, field)) };
}

export const toEveryone: Target = { kind: 'everyone', channel: everyone };

/** A message's type; `otherwise` where none is given. Throws `bad_request`, naming `field`. */
export function typeOf(given: unknown, otherwise: string, field: string): string {
  return given === undefined || given === null ? otherwise : checkMessageType(given, field);
}

/** The idempotency key, where one is given. Throws `bad_request`, naming `field`. */
export function idOf(given: unknown, field: string): string | undefined {
  return given === undefined || given === null ? undefined : checkMessageId(given, field);
}
