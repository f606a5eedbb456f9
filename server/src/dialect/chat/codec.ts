import { checkChannelName, checkUserId } from '../../access/names.ts';
import type { HistoryPage, HistoryQuery, JsonText, Message, PresenceEvent } from '../../engine/engine.ts';
import { shownAs } from '../../guests.ts';
import { field, type JsonObject } from '../../json.ts';
import { idOf, type Target, toChannel } from '../../publishing/message.ts';
import type { Frame } from '../dialect.ts';
import { historyQuery, optionalBoolean, optionalStrings, requiredText, unknownAction } from '../fields.ts';
import { once } from '../once.ts';
import { guestMark, joined, seconds, textOf, withoutDeleted } from '../text.ts';

export type Command =
  | { readonly kind: 'join' | 'delete'; readonly room: string }
  | {
      readonly kind: 'publish';
      readonly to: Target;
      readonly text: string;
      readonly id: string | undefined;
    }
  | { readonly kind: 'leave'; readonly room: string }
  | { readonly kind: 'history'; readonly room: string; readonly query: HistoryQuery }
  | { readonly kind: 'rooms' }
  | { readonly kind: 'members'; readonly room: string }
  | { readonly kind: 'create'; readonly room: string; readonly private: boolean; readonly members: string[] }
  | {
      readonly kind: 'invite' | 'kick';
      readonly room: string;
      readonly user: string;
      /** Whether a guest is meant; absent when nobody said. */
      readonly guest?: boolean;
    };

/** Most characters of one message: what fits a frame. */
const maxText = 65_536;
/** Most users named when a room is created. */
const maxMembers = 1000;

const actions = [
  'join',
  'message',
  'leave',
  'history',
  'rooms',
  'members',
  'create',
  'invite',
  'kick',
  'delete',
];

/** Throws `bad_request` or `unknown_action`. */
export function decode({ object }: Frame): Command {
  const action = field(object, 'action');
  switch (action) {
    case 'rooms':
      return { kind: 'rooms' };
    case 'join':
    case 'leave':
    case 'members':
    case 'delete':
      return { kind: action, room: roomOf(object) };
    case 'message':
      return decodeMessage(object);
    case 'history':
      return { kind: 'history', room: roomOf(object), query: historyQuery(object, 50) };
    case 'create':
      return decodeCreate(object);
    case 'invite':
    case 'kick':
      return decodeManage(action, object);
    default:
      throw unknownAction('action', action, actions);
  }
}

function decodeMessage(object: JsonObject): Command {
  return {
    kind: 'publish',
    to: toChannel(field(object, 'room'), 'room'),
    text: requiredText(object, 'text', maxText),
    id: idOf(field(object, 'id'), 'id'),
  };
}

function decodeCreate(object: JsonObject): Command {
  const members = optionalStrings(object, 'members', maxMembers);
  return {
    kind: 'create',
    room: roomOf(object),
    private: optionalBoolean(object, 'private') ?? false,
    members: members.map((member, index) => checkUserId(member, `members[${index}]`)),
  };
}

function decodeManage(kind: 'invite' | 'kick', object: JsonObject): Command {
  const guest = optionalBoolean(object, 'guest');
  const user = checkUserId(field(object, 'user'), 'user');
  return { kind, room: roomOf(object), user, ...(guest === undefined ? {} : { guest }) };
}

function roomOf(object: JsonObject): string {
  return checkChannelName(field(object, 'room'), 'room');
}

export const encode = withoutDeleted(({ channel, sender, data, id, time, offset }: Message): string => {
  const user = JSON.stringify(sender?.user ?? sender?.client ?? null);
  const guest = guestMark(channel, sender);
  return `{"action":"message","room":${JSON.stringify(channel)},"user":${user},"text":${textOf(data)},"id":${JSON.stringify(id)},"ts":${seconds(time)},"offset":${offset}${guest}}`;
});

/** Any server frame that holds no messages. */
export function encodeAnswer(action: string, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ action, ...fields });
}

export function encodeJoined(
  room: string,
  user: string,
  members: number,
  history: readonly Message[],
): string {
  return `{"action":"joined","room":${JSON.stringify(room)},"user":${JSON.stringify(user)},"members":${members},"history":${list(history)}}`;
}

export function encodeHistory(room: string, { messages, more }: HistoryPage): string {
  return `{"action":"history","room":${JSON.stringify(room)},"messages":${list(messages)},"more":${more}}`;
}

export const encodePresence = once(({ channel, user, joined }: PresenceEvent): string =>
  encodeAnswer(joined ? 'user_joined' : 'user_left', { room: channel, user: shownAs(user).name }),
);

/** `retryAfter` in seconds, for what is only refused for a time. */
export function encodeError(
  code: string,
  message: string,
  room: string | undefined,
  retryAfter?: number,
): string {
  return encodeAnswer('error', { code, message, room, retry_after: retryAfter });
}

/** Messages are already JSON: they are put in as they are. */
function list(messages: readonly Message[]): JsonText {
  return `[${joined(messages, encode)}]`;
}
