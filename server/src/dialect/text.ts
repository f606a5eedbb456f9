import { deletedType, type JsonText, type Message, type Sender } from '../engine/engine.ts';

/*
 * How one dialect's messages read in another (PROTOCOLS.md, "Common rules": text between dialects). All of it is on
 * JSON text, so that a string that arrived as JSON leaves as the same JSON.
 */

/**
 * A codec for clients that know texts only: of removed messages and of the news of their removal they see nothing,
 * neither live nor in a history.
 */
export function withoutDeleted(encode: (message: Message) => string): (message: Message) => string {
  return (message) => (message.type === deletedType ? '' : encode(message));
}

/** Encoded messages as the inside of a JSON array. */
export function joined(messages: readonly Message[], encode: (message: Message) => string): JsonText {
  return messages
    .map(encode)
    .filter((text) => text !== '')
    .join(',');
}

/** JSON text of a string: the string itself, else `data.text`, else the JSON text of the data. */
export function textOf(data: JsonText): JsonText {
  if (data.charCodeAt(0) === 0x22) return data;
  if (data.charCodeAt(0) === 0x7b) {
    const value: unknown = JSON.parse(data);
    const text = (value as { text?: unknown }).text;
    if (typeof text === 'string') return JSON.stringify(text);
  }
  return JSON.stringify(data);
}

/** JSON text of an object: the object itself, else `{"text": …}`. */
export function objectOf(data: JsonText): JsonText {
  return data.charCodeAt(0) === 0x7b ? data : `{"text":${textOf(data)}}`;
}

/** Unix seconds with milliseconds, as JSON. */
export function seconds(milliseconds: number): string {
  return String(milliseconds / 1000);
}

/**
 * A member of a direct message or a broadcast that tells one of nobody known from one of the server: both may have no
 * name to show.
 */
export function guestMark(channel: string, sender: Sender | null): string {
  return sender !== null && sender.user === null && channel.startsWith('$') ? ',"guest":true' : '';
}

/** JSON text of who sent it, for dialects that show a user: the user, else null. */
export function userOf(message: Message): JsonText {
  return JSON.stringify(message.sender?.user ?? null);
}
