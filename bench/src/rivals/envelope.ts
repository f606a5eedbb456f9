import { randomUUID } from 'node:crypto';

/** What a client publishes; the same shape as Fanwire's `send_to_channel`. */
export interface Published {
  readonly channel: string;
  readonly content: string;
}

let offset = 0;

/** The rivals' delivery: the same fields as Fanwire's channel dialect, so that all encode and send alike. */
export function deliveryOf(published: Published, userId: string, connectionId: string): object {
  offset++;
  return {
    type: 'text',
    id: randomUUID(),
    channel: published.channel,
    content: published.content,
    sender: { user_id: userId, connection_id: connectionId },
    timestamp: Date.now(),
    offset,
    epoch: 'rival',
  };
}
