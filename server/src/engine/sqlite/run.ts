import type { SQLOutputValue } from 'node:sqlite';
import { type Draft, deletedType, type JsonText, type Message, type Sender } from '../engine.ts';
import { accountOfUser, costOf, isAccountOf } from '../usage.ts';

/**
 * Most messages of a run. Of every file: a run with the offset n in it ends below n plus this, and is found by that.
 */
export const longestRun = 64;
/** Characters of data above which a run is not made any longer, so that who wants one message need not read many. */
const fullRun = 32_768;

/**
 * A message without its data, as the file keeps it: length of the data in UTF-16 units (null for all that is left),
 * id, type; and of messages with a sender user, connection, client. Behind that the account that a kept message counts
 among, 1 for the sender's own.
 */
type Head = readonly [length: number | null, id: string, type: string, ...rest: (string | null | 0)[]];

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

  add({ id, type, data, sender, account }: Draft, offset: number, rank: number): void {
    this.last = offset;
    this.rank = rank;
    this.#size += data.length;
    this.#heads.push(
      this.persist ? headOf(id, type, data, sender, account) : passingHead(id, type, data, sender),
    );
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
  const messages = messagesOf(row, '');
  const heads = parseHeads(row.heads).map((head, place): Head => {
    const message = messages[place];
    if (message?.offset !== offset) return [message?.data.length ?? 0, ...head.slice(1)] as unknown as Head;
    return headOf(message.id, deletedType, 'null', null);
  });
  const data = messages.map((message) => (message.offset === offset ? 'null' : message.data));
  return { heads: JSON.stringify(heads), data: data.join(',') };
}

/** Of a row of kept messages, what each counts and among whose. */
export function sharesOf({ heads, data }: RunRow): { account: string | undefined; bytes: number }[] {
  return parseHeads(heads).map(([length, , , user, , , account]) => ({
    account: typeof account === 'string' ? account : account === 0 ? undefined : ownAccount(user),
    bytes: costOf(length ?? String(data).length),
  }));
}

function ownAccount(user: string | null | 0 | undefined): string | undefined {
  return typeof user === 'string' ? accountOfUser(user) : undefined;
}

function headOf(id: string, type: string, data: JsonText, sender: Sender | null, account?: string): Head {
  if (sender === null) {
    return account === undefined
      ? [data.length, id, type]
      : [data.length, id, type, null, null, null, account];
  }
  const { user, connection, client } = sender;
  const own = user === null ? account === undefined : isAccountOf(user, account);
  if (own) return [data.length, id, type, user, connection, client];
  return [data.length, id, type, user, connection, client, account ?? 0];
}

/** Of a message that counts for nobody since it is not kept. */
function passingHead(id: string, type: string, data: JsonText, sender: Sender | null): Head {
  if (sender === null) return [data.length, id, type];
  return [data.length, id, type, sender.user, sender.connection, sender.client];
}

function parseHeads(heads: SQLOutputValue | undefined): Head[] {
  return JSON.parse(String(heads));
}

function senderOf([user = null, connection = null, client = null]: readonly unknown[]): Sender | null {
  return connection === null ? null : ({ user, connection, client } as Sender);
}
