import type { Message, Position } from '../../engine/engine.ts';
import type { Encoder } from '../../hub/recipient.ts';
import { encode } from './codec.ts';
import { cursorAround, encodeCursor } from './cursor.ts';

/** For a stream that is still being replayed to: it follows its own positions. */
export class OwnCursor implements Encoder {
  readonly positions: Map<string, Position>;

  constructor(positions: Map<string, Position>) {
    this.positions = positions;
  }

  get cursor(): string {
    return encodeCursor(this.positions);
  }

  encode(messages: readonly Message[]): Buffer {
    let events = '';
    for (const message of messages) {
      this.positions.set(message.channel, { epoch: message.epoch, offset: message.offset });
      events += encode(message, this.cursor);
    }
    return Buffer.from(events);
  }
}

/** Where a channel stands on this node. */
export type Locate = (channel: string) => Position | undefined;

/**
 * For all live streams with the same channels: they stand at the same place in each of them, which is where the hub
 * stands, so that their events are the same bytes.
 */
class SharedCursor implements Encoder {
  readonly key: string;
  users = 0;
  readonly #channels: readonly string[];
  readonly #locate: Locate;

  constructor(key: string, channels: readonly string[], locate: Locate) {
    this.key = key;
    this.#channels = channels;
    this.#locate = locate;
  }

  positions(): Map<string, Position> {
    const positions = new Map<string, Position>();
    for (const channel of this.#channels) {
      const position = this.#locate(channel);
      if (position) positions.set(channel, { epoch: position.epoch, offset: position.offset });
    }
    return positions;
  }

  encode(messages: readonly Message[]): Buffer {
    const channel = messages[0]?.channel ?? '';
    const { before, after } = cursorAround(this.positions(), channel);
    let events = '';
    for (const message of messages) events += encode(message, `${before}${message.offset}${after}`);
    return Buffer.from(events);
  }
}

export type { SharedCursor };

/** One shared cursor for each set of channels that has live streams. */
export class SharedCursors {
  readonly #locate: Locate;
  readonly #cursors = new Map<string, SharedCursor>();

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  /** To be paid back by `release`. */
  acquire(channels: Iterable<string>): SharedCursor {
    const sorted = [...channels].sort();
    const key = sorted.join('\n');
    let cursor = this.#cursors.get(key);
    if (!cursor) {
      cursor = new SharedCursor(key, sorted, this.#locate);
      this.#cursors.set(key, cursor);
    }
    cursor.users++;
    return cursor;
  }

  release(cursor: SharedCursor): void {
    if (--cursor.users === 0) this.#cursors.delete(cursor.key);
  }
}
