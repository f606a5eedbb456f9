import { checkChannelName } from '../../access/names.ts';
import type { JsonText, Message } from '../../engine/engine.ts';
import { badRequest } from '../../errors.ts';
import { field, type JsonObject, rawMember, toJsonText } from '../../json.ts';
import { type Target, toChannel } from '../../publishing/message.ts';
import type { Frame } from '../dialect.ts';
import { optionalString, requiredObject, unknownAction } from '../fields.ts';
import { guestMark, objectOf, seconds, withoutDeleted } from '../text.ts';

export type Command =
  /** `to` null: the room of the address. */
  | { readonly kind: 'publish'; readonly to: Target | null; readonly payload: JsonText }
  | { readonly kind: 'join'; readonly room: string }
  | { readonly kind: 'leave'; readonly room: string }
  | { readonly kind: 'pong' };

/** Throws `bad_request` or `unknown_action`. */
export function decode({ object, text }: Frame): Command {
  const type = field(object, 'type');
  switch (type) {
    case 'message':
      return decodeMessage(object, text);
    case 'join':
    case 'leave':
      return { kind: type, room: roomOf(object) };
    case 'pong':
      return { kind: 'pong' };
    default:
      throw unknownAction('type', type, ['message', 'join', 'leave', 'pong']);
  }
}

function decodeMessage(object: JsonObject, text: string): Command {
  requiredObject(object, 'payload');
  const raw = rawMember(text, 'payload');
  if (raw === undefined) throw badRequest('payload: an object is required');
  const room = optionalString(object, 'room');
  return {
    kind: 'publish',
    to: room === undefined ? null : toChannel(room, 'room'),
    payload: toJsonText(raw, 'payload'),
  };
}

function roomOf(object: JsonObject): string {
  return checkChannelName(field(requiredObject(object, 'payload'), 'room'), 'payload.room');
}

export const encode = withoutDeleted(({ channel, data, sender, id, time }: Message): string => {
  const from = JSON.stringify(sender?.client ?? sender?.user ?? null);
  return `{"type":"message","payload":${objectOf(data)},"room":${JSON.stringify(channel)},"from":${from},"id":${JSON.stringify(id)},"ts":${seconds(time)}${guestMark(channel, sender)}}`;
});

export function encodeRoom(type: 'joined' | 'left', room: string): string {
  return JSON.stringify({ type, payload: { room } });
}

export function encodePing(now: number): string {
  return `{"type":"ping","payload":{"ts":${Math.floor(now / 1000)}}}`;
}

/** `retryAfter` in seconds, for what is only refused for a time. */
export function encodeError(code: string, message: string, retryAfter?: number): string {
  return JSON.stringify({ type: 'error', payload: { code, message, retry_after: retryAfter } });
}
