import type {
  HistoryPage,
  HistoryQuery,
  Message,
  PresenceEvent,
  PresentUser,
  Receipt,
} from '../../engine/engine.ts';
import { badRequest } from '../../errors.ts';
import { shownAs } from '../../guests.ts';
import { field } from '../../json.ts';
import type { Frame } from '../dialect.ts';
import {
  historyQuery,
  optionalReference,
  optionalString,
  type Reference,
  requiredText,
  unknownAction,
} from '../fields.ts';
import { once } from '../once.ts';
import { guestMark, joined, seconds, textOf, userOf, withoutDeleted } from '../text.ts';

export type Command =
  | { readonly kind: 'publish'; readonly text: string; readonly ref: Reference }
  | { readonly kind: 'presence' }
  | { readonly kind: 'history'; readonly query: HistoryQuery }
  | { readonly kind: 'pong' };

/** Most characters of one chat message. */
const maxText = 4096;

/** Throws `bad_request` or `unknown_action`. `room` is the room of the address. */
export function decode(frame: Frame, room: string): Command {
  const { object } = frame;
  const type = field(object, 'type');
  const named = optionalString(object, 'room');
  if (named !== undefined && named !== room) throw badRequest(`room: this connection is in "${room}" only`);
  switch (type) {
    case 'chat.message':
      return {
        kind: 'publish',
        ref: optionalReference(frame, 'ref'),
        text: requiredText(object, 'text', maxText),
      };
    case 'presence.list':
      return { kind: 'presence' };
    case 'chat.history':
      return { kind: 'history', query: historyQuery(object, 50) };
    case 'system.pong':
      return { kind: 'pong' };
    default:
      throw unknownAction('type', type, ['chat.message', 'chat.history', 'presence.list', 'system.pong']);
  }
}

export const encode = withoutDeleted((message: Message): string => {
  const { channel, data, id, time, offset, sender } = message;
  return `{"type":"chat.delivery","room":${JSON.stringify(channel)},"user":${userOf(message)},"text":${textOf(data)},"id":${JSON.stringify(id)},"ts":${seconds(time)},"offset":${offset}${guestMark(channel, sender)}}`;
});

export function encodeAck(ref: Reference, { id, offset }: Receipt): string {
  return `{"type":"chat.ack","ref":${ref},"id":${JSON.stringify(id)},"offset":${offset}}`;
}

export function encodePing(now: number): string {
  return `{"type":"system.ping","ts":${Math.floor(now / 1000)}}`;
}

export function encodePresenceState(room: string, users: readonly PresentUser[]): string {
  const list = users.map(({ user, since }) => {
    const { name, ...guest } = shownAs(user);
    return { user: name, since: since / 1000, ...guest };
  });
  return JSON.stringify({ type: 'presence.state', room, users: list });
}

export const encodePresence = once(({ channel, user, joined, time }: PresenceEvent): string => {
  const type = joined ? 'presence.join' : 'presence.leave';
  const { name, ...guest } = shownAs(user);
  return JSON.stringify({ type, room: channel, user: name, ts: time / 1000, ...guest });
});

/** Messages are already JSON: they are put in as they are. */
export function encodeHistory(room: string, { messages, more }: HistoryPage): string {
  return `{"type":"chat.history","room":${JSON.stringify(room)},"messages":[${joined(messages, encode)}],"more":${more}}`;
}

/** `retryAfter` in seconds, for what is only refused for a time. */
export function encodeError(code: string, message: string, ref: Reference, retryAfter?: number): string {
  const retry = retryAfter === undefined ? '' : `,"retry_after":${retryAfter}`;
  return `${JSON.stringify({ type: 'system.error', code, message }).slice(0, -1)}${referring(ref)}${retry}}`;
}

/** An answer of the application's own. */
export function encodeOwn(type: string, ref: Reference, data: unknown): string {
  return `{"type":${JSON.stringify(type)}${referring(ref)},"data":${JSON.stringify(data)}}`;
}

function referring(ref: Reference): string {
  return ref === undefined ? '' : `,"ref":${ref}`;
}
