import { checkMessageId, checkMessageType } from '../access/names.ts';
import { FanwireError } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import { jsonOf } from '../middleware/message-context.ts';

export interface PublishOptions {
  /** Shown to clients. Default `text`. */
  readonly type?: string;
  /** An idempotency key of 1 to 128 characters: published again under the same one, the message keeps its place. */
  readonly id?: string;
  /** Keep it for `history.ttl` rather than for the recovery window. Default false. */
  readonly persist?: boolean;
}

/** A message as the older servers' methods take it. */
export interface OutgoingMessage extends PublishOptions {
  /** Any value that has a JSON text. */
  readonly content: unknown;
}

/** What the hub is given. Throws `bad_request` or `too_large`. */
export function publicationOf(
  channel: string,
  value: unknown,
  { type = 'text', id, persist = false }: PublishOptions,
  maxBytes: number,
): Publication {
  const data = jsonOf(value);
  if (Buffer.byteLength(data) > maxBytes) {
    throw new FanwireError('too_large', `a message holds at most ${maxBytes} bytes of data`);
  }
  return {
    channel,
    type: checkMessageType(type, 'type'),
    data,
    id: id === undefined ? undefined : checkMessageId(id, 'id'),
    persist,
    sender: null,
  };
}
