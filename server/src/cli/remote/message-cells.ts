import { field, isObject, type JsonObject } from '../../json.ts';
import { textIn } from './api.ts';

/** The user, else the connection of one who is not signed in; nothing for a message from the HTTP API. */
export function senderOf(message: JsonObject): string {
  const sender = field(message, 'sender');
  if (!isObject(sender)) return '';
  return textIn(sender, 'user_id') || textIn(sender, 'connection_id');
}
