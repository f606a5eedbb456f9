import type { SQLOutputValue } from 'node:sqlite';
import { type Draft, deletedType, type JsonText, type Message, type Sender } from '../engine.ts';

/**
 * Most messages of a run. Of every file: a run with the offset n in it ends below n plus this, and is found by that.
 */
export const longestRun = 64;
/** Characters of data above which a run is not made any longer, so that who wants one message need not read many. */
const fullRun = 32_768;

/**
 * A message without its data, as the file keeps it: length of the data in UTF-16 units (null for all that is left),
 * id, type; and of messages with a sender user, connection, client.
 */
type Head = readonly [length: number | null, id: string, type: string, ...sender: (string | null)[]];

/** What of a row `messagesOf` and `buried` need. */
export const runColumns = 'channel, last, count, time, persist, heads, data';

/** A row of the table `runs`. */
export type RunRow = Record<string, SQLOutputValue>;

/** Messages of a channel that follow each other, written by one commit: one row for all of them. */
export class Run {
  readonly channel: string;
  readonly time: number;
  readonly persist: boolean;
  /** The id, for a message whose publisher chose it: such a message is alone. */
  readonly key: string | null;
  last = 0;
  /** Persisted messages of the channel up to the last of these. */
  rank = 0;
  readonly #heads: Head[] = [];
  readonly #data: JsonText[] = [];
  #size = 0;

  constructor({ channel, id, keyed, persist }: Draft, time: number) {
    this.channel = channel;
    this.time = time;
    this.persist = persist;
    this.key = keyed ? id : null;
  }

  get count(): number {
    return this.#heads.length;
  }

  /** JSON text. */
  get heads(): string {
    return JSON.stringify(this.#heads);
  }

  /** Separated by commas. */
  get data(): string {
    return this.#data.length === 1 ? (this.#data[0] ?? '') : this.#data.join(',');
  }

  takes({ keyed, persist, data }: Draft): boolean {
    return (
      this.key === null &&
      !keyed &&
      persist === this.persist &&
      this.count < longestRun &&
      this.#size + data.length <= fullRun
    );
  }

  add({ id, type, data, sender }: Draft, offset: number, rank: number): void {
    this.last = offset;
    this.rank = rank;
    this.#size += data.length;
    this.#heads.push(headOf(id, type, data, sender));
    this.#data.push(data);
  }
}

/** The messages of a row, with what the row does not say. */
export function messagesOf(row: RunRow, epoch: string): Message[] {
  const { channel, last, count, time, persist, heads, data } = row;
  const first = Number(last) - Number(count) + 1;
  const text = String(data);
  let at = 0;
  return parseHeads(heads).map(([length, id, type, ...sender], place) => {
    const end = length === null ? text.length : at + length;
    const message: Message = {
      id,
      channel: String(channel),
      offset: first + place,
      epoch,
      time: Number(time),
      type,
      data: text.slice(at, end),
      sender: senderOf(sender),
      persist: persist === 1,
    };
    at = end + 1;
    return message;
  });
}

/** Whether readers see a message: above the window's floor, or persisted and above that of the history. */
export function isSeen({ offset, persist }: Message, historyFloor: number, windowFloor: number): boolean {
  return offset > historyFloor && (persist || offset > windowFloor);
}

/** The row's `heads` and `data` with a tombstone in place of the message with this offset. */
export function buried(row: RunRow, offset: number): { heads: string; data: string } {
  const heads: Head[] = [];
  const data: JsonText[] = [];
  for (const message of messagesOf(row, '')) {
    const gone = message.offset === offset;
    const text = gone ? 'null' : message.data;
    data.push(text);
    heads.push(
      gone
        ? headOf(message.id, deletedType, text, null)
        : headOf(message.id, message.type, text, message.sender),
    );
  }
  return { heads: JSON.stringify(heads), data: data.join(',') };
}

function headOf(id: string, type: string, data: JsonText, sender: Sender | null): Head {
  if (sender === null) return [data.length, id, type];
  return [data.length, id, type, sender.user, sender.connection, sender.client];
}

function parseHeads(heads: SQLOutputValue | undefined): Head[] {
  return JSON.parse(String(heads));
}

function senderOf([user = null, connection = null, client = null]: (string | null)[]): Sender | null {
  return connection === null ? null : { user, connection, client };
}
