import type { Message, Position } from '../../engine/engine.ts';
import type { Encoder } from '../../hub/recipient.ts';
import { encode } from './codec.ts';
import { cursorAround, encodeCursor } from './cursor.ts';

/** How a transport puts the text of whole events on its wire. Streams with the same framing are sent the same bytes. */
export type Framing = (events: string) => Buffer;

/** For a stream that is still being replayed to: it follows its own positions. */
export class OwnCursor implements Encoder {
  readonly positions: Map<string, Position>;
  readonly #frame: Framing;

  constructor(positions: Map<string, Position>, frame: Framing) {
    this.positions = positions;
    this.#frame = frame;
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
    return this.#frame(events);
  }
}

/** Where a channel stands on this node. */
export type Locate = (channel: string) => Position | undefined;

/**
 * For all live streams with the same channels: they stand at the same place in each of them, which is where the hub
 * stands, so that their events are the same bytes.
 */
class SharedCursor implements Encoder {
  users = 0;
  readonly frame: Framing;
  readonly channels: readonly string[];
  readonly #locate: Locate;

  constructor(channels: readonly string[], frame: Framing, locate: Locate) {
    this.channels = channels;
    this.frame = frame;
    this.#locate = locate;
  }

  positions(): Map<string, Position> {
    const positions = new Map<string, Position>();
    for (const channel of this.channels) {
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
    return this.frame(events);
  }
}

export type { SharedCursor };

/** One shared cursor for each set of channels, and each framing, that has live streams. */
export class SharedCursors {
  readonly #locate: Locate;
  readonly #cursors = new Map<Framing, Map<string, SharedCursor>>();

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  /** To be paid back by `release`. */
  acquire(channels: Iterable<string>, frame: Framing): SharedCursor {
    const sorted = [...channels].sort();
    const key = keyOf(sorted);
    const framed = this.#framed(frame);
    let cursor = framed.get(key);
    if (!cursor) {
      cursor = new SharedCursor(sorted, frame, this.#locate);
      framed.set(key, cursor);
    }
    cursor.users++;
    return cursor;
  }

  release(cursor: SharedCursor): void {
    if (--cursor.users === 0) this.#framed(cursor.frame).delete(keyOf(cursor.channels));
  }

  #framed(frame: Framing): Map<string, SharedCursor> {
    let framed = this.#cursors.get(frame);
    if (!framed) {
      framed = new Map();
      this.#cursors.set(frame, framed);
    }
    return framed;
  }
}

function keyOf(channels: readonly string[]): string {
  return channels.join('\n');
}
