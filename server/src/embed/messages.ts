import { jsonOf } from '../json.ts';
import { idOf, type Outgoing, typeOf } from '../publishing/message.ts';

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

/** The message that a program's value and options describe. Throws `bad_request`. */
export function outgoingOf(value: unknown, { type, id, persist = false }: PublishOptions): Outgoing {
  return { type: typeOf(type, 'text', 'type'), data: jsonOf(value), id: idOf(id, 'id'), persist };
}
