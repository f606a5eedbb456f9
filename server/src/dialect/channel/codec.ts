import { checkChannelName } from '../../access/names.ts';
import { errorCode } from '../../codes.ts';
import type {
  HistoryPage,
  HistoryQuery,
  Message,
  Position,
  PresenceEvent,
  PresencePage,
  Receipt,
} from '../../engine/engine.ts';
import { badRequest, type FanwireError } from '../../errors.ts';
import { shownAs } from '../../guests.ts';
import type { Gap } from '../../hub/recovery.ts';
import type { Subscribed } from '../../hub/subscriber.ts';
import { field, type JsonObject, rawMember, toJsonText } from '../../json.ts';
import {
  idOf,
  type Outgoing,
  type Target,
  toChannel,
  toEveryone,
  toUser,
  typeOf,
} from '../../publishing/message.ts';
import type { Frame, Link } from '../dialect.ts';
import {
  historyQuery,
  maxOffset,
  maxPage,
  optionalBoolean,
  optionalInteger,
  optionalReference,
  optionalString,
  type Reference,
  requiredObject,
  requiredString,
  unknownAction,
} from '../fields.ts';
import { once } from '../once.ts';

/** What a client of this dialect asks for; `ref` is its `request_id`. */
export type Command = { readonly ref: Reference } & (
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'subscribe';
      readonly channel: string;
      readonly history: number | undefined;
      readonly position: Position | undefined;
      /** Hear of users coming and going. */
      readonly watch: boolean;
    }
  | { readonly kind: 'unsubscribe'; readonly channel: string }
  | ({ readonly kind: 'publish'; readonly to: Target } & Outgoing)
  | { readonly kind: 'history'; readonly channel: string; readonly query: HistoryQuery }
  | {
      readonly kind: 'presence';
      readonly channel: string;
      readonly limit: number;
      readonly cursor: string | undefined;
    }
  | { readonly kind: 'refresh'; readonly token: string }
);

/** Turns a frame into a command. Throws `bad_request` or `unknown_action`. */
export function decode(frame: Frame): Command {
  const action = field(frame.object, 'action');
  const reader = typeof action === 'string' ? readers.get(action) : undefined;
  if (!reader) throw unknownAction('action', action, [...readers.keys()]);
  const ref = optionalReference(frame, 'request_id');
  const data = field(frame.object, 'data') === undefined ? {} : requiredObject(frame.object, 'data');
  return { ...reader(data, frame.text), ref };
}

type Undecided<C> = C extends { readonly ref: Reference } ? Omit<C, 'ref'> : never;
type Reader = (data: JsonObject, text: string) => Undecided<Command>;

const readers = new Map<string, Reader>([
  ['ping', () => ({ kind: 'ping' })],
  ['pong', () => ({ kind: 'pong' })],
  ['subscribe', readSubscribe],
  [
    'unsubscribe',
    (data) => ({ kind: 'unsubscribe', channel: requiredString(data, 'channel', 'data.channel') }),
  ],
  ['send_to_channel', readSendToChannel],
  ['send_to_user', readSendToUser],
  ['message', readMessage],
  [
    'history',
    (data) => ({ kind: 'history', channel: channelOf(data), query: historyQuery(data, 50, 'data.') }),
  ],
  ['presence', readPresence],
  ['refresh', (data) => ({ kind: 'refresh', token: requiredString(data, 'token', 'data.token') })],
]);

function readSubscribe(data: JsonObject): Undecided<Command> {
  const channel = requiredString(data, 'channel', 'data.channel');
  if (!channel.startsWith('$')) checkChannelName(channel, 'data.channel');
  const watch = optionalBoolean(data, 'presence', 'data.presence') ?? false;
  const history = optionalInteger(data, 'history', { min: 0, max: maxPage }, 'data.history');
  return { kind: 'subscribe', channel, history, position: readPosition(data), watch };
}

function readPosition(data: JsonObject): Position | undefined {
  const value = field(data, 'position');
  if (value === undefined || value === null) return undefined;
  const position = requiredObject(data, 'position', 'data.position');
  const epoch = requiredString(position, 'epoch', 'data.position.epoch');
  const offset = optionalInteger(position, 'offset', { min: 0, max: maxOffset }, 'data.position.offset');
  if (offset === undefined) throw badRequest('data.position.offset: a whole number is required');
  return { epoch, offset };
}

function readSendToChannel(data: JsonObject, text: string): Undecided<Command> {
  const to = toChannel(field(data, 'channel'), 'data.channel');
  return { kind: 'publish', to, ...readContent(data, text, 'text') };
}

function readSendToUser(data: JsonObject, text: string): Undecided<Command> {
  const to = toUser(field(data, 'user_id'), 'data.user_id');
  return { kind: 'publish', to, ...readContent(data, text, 'direct') };
}

function readMessage(data: JsonObject, text: string): Undecided<Command> {
  const named = field(data, 'channel') !== undefined && field(data, 'channel') !== null;
  if (named) return readSendToChannel(data, text);
  return { kind: 'publish', to: toEveryone, ...readContent(data, text, 'broadcast') };
}

function readContent(data: JsonObject, text: string, defaultType: string): Outgoing {
  const raw = rawMember(rawMember(text, 'data') ?? '{}', 'content');
  if (raw === undefined) throw badRequest('data.content: any JSON value is required');
  return {
    data: toJsonText(raw, 'data.content'),
    type: typeOf(field(data, 'type'), defaultType, 'data.type'),
    id: idOf(field(data, 'id'), 'data.id'),
    persist: optionalBoolean(data, 'persist', 'data.persist'),
  };
}

function readPresence(data: JsonObject): Undecided<Command> {
  const limit = optionalInteger(data, 'limit', { min: 1, max: maxPage }, 'data.limit') ?? 100;
  return {
    kind: 'presence',
    channel: channelOf(data),
    limit,
    cursor: optionalString(data, 'cursor', 'data.cursor'),
  };
}

function channelOf(data: JsonObject): string {
  return checkChannelName(field(data, 'channel'), 'data.channel');
}

/** A delivered message. The events dialect sends the same line. */
export function encode(message: Message): string {
  const { id, channel, offset, epoch, time, type, data, sender } = message;
  const from = sender
    ? `{"user_id":${JSON.stringify(sender.user)},"connection_id":${JSON.stringify(sender.connection)}}`
    : 'null';
  return `{"type":${JSON.stringify(type)},"id":${JSON.stringify(id)},"channel":${JSON.stringify(channel)},"content":${data},"sender":${from},"timestamp":${time},"offset":${offset},"epoch":${JSON.stringify(epoch)}}`;
}

interface Answer {
  /** Of the server's own, or an action that the application added. */
  readonly type: string;
  readonly channel?: string;
  readonly content: unknown;
  readonly ref?: Reference;
}

/** Any server frame that is not a message. */
export function encodeAnswer({ type, channel, content, ref }: Answer, now: number): string {
  const frame = { type, ...(channel === undefined ? {} : { channel }), content, timestamp: now };
  return `${JSON.stringify(frame).slice(0, -1)}${answering(ref)}}`;
}

export function encodeAck(receipt: Receipt, ref: Reference): string {
  const { id, channel, offset, epoch, duplicate, time } = receipt;
  const name = JSON.stringify(channel);
  return `{"type":"ack","channel":${name},"content":{"id":${JSON.stringify(id)},"channel":${name},"offset":${offset},"epoch":${JSON.stringify(epoch)},"duplicate":${duplicate}},"timestamp":${time}${answering(ref)}}`;
}

/** `heartbeat` in milliseconds. */
export function connectedContent({ id, user, principal }: Link, heartbeat: number): Record<string, unknown> {
  return {
    connection_id: id,
    user_id: user,
    heartbeat_interval: heartbeat / 1000,
    expires_at: principal.expiresAt,
    protocol: 1,
  };
}

/** `retryAfter` in seconds, for what is only refused for a time. */
export function errorContent({ code, message }: FanwireError, retryAfter?: number): Record<string, unknown> {
  return { type: code, error: message, retryable: errorCode(code).retryable, retry_after: retryAfter };
}

export function subscribedContent({
  epoch,
  offset,
  recovered,
  replayed,
  gap,
}: Subscribed): Record<string, unknown> {
  return { epoch, offset, ...(recovered === null ? {} : { recovered }), replayed, ...(gap ? { gap } : {}) };
}

export function gapContent({ from, to }: Gap): Record<string, unknown> {
  return { from, to };
}

/** Messages are already JSON: they are put in as they are. */
export function encodeHistory(channel: string, page: HistoryPage, ref: Reference, now: number): string {
  const messages = page.messages.map(encode).join(',');
  return `{"type":"history","channel":${JSON.stringify(channel)},"content":{"messages":[${messages}],"epoch":${JSON.stringify(page.epoch)},"offset":${page.offset},"more":${page.more}},"timestamp":${now}${answering(ref)}}`;
}

function answering(ref: Reference): string {
  return ref === undefined ? '' : `,"request_id":${ref}`;
}

interface PresentEntry {
  readonly user_id: string;
  readonly connections: number;
  readonly since: number;
  /** A guest of the chat who claims this name; nobody signed in. */
  readonly guest?: true;
}

/** Who is in a channel, as clients and the HTTP API are told. */
export interface PresenceContent {
  readonly users: readonly PresentEntry[];
  readonly total: number;
  readonly next?: string;
}

export const encodePresence = once(({ channel, user, joined, time, count }: PresenceEvent): string => {
  const { name, ...guest } = shownAs(user);
  const who = { user_id: name, ...guest };
  const content = joined ? { ...who, since: time, total: count } : { ...who, total: count };
  return encodeAnswer({ type: joined ? 'presence_join' : 'presence_leave', content, channel }, time);
});

export function presenceContent({ users, total, next }: PresencePage): PresenceContent {
  const list = users.map(({ user, connections, since }) => {
    const { name, ...guest } = shownAs(user);
    return { user_id: name, connections, since, ...guest };
  });
  return { users: list, total, ...(next === undefined ? {} : { next }) };
}
