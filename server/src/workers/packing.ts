import type { Draft, JsonText, Message, Receipt, Sender } from '../engine/engine.ts';

/** A member of every record in a list: one value where all have the same, else theirs in order. */
type Column<Value> = { readonly all: Value } | readonly Value[];

/** Lists shorter than this pass as they are. */
const worthwhile = 8;

/**
 * A list of records on its way between threads. A long one is JSON text of its columns: for the structured clone, the
 * names of the members and every value that all records share would be written again for each record, and it takes
 * five times as long.
 */
export type Parcel<Row> = readonly Row[] | JsonText;

interface DraftColumns extends SenderColumns {
  readonly length: number;
  readonly channel: Column<string>;
  readonly id: Column<string>;
  readonly keyed: Column<boolean>;
  readonly space: Column<string>;
  /** '' for none. */
  readonly account: Column<string>;
  readonly type: Column<string>;
  readonly data: Column<JsonText>;
  readonly persist: Column<boolean>;
}

interface MessageColumns extends Omit<DraftColumns, 'keyed' | 'space' | 'account'> {
  readonly offset: Column<number>;
  readonly epoch: Column<string>;
  readonly time: Column<number>;
}

/** A receipt's id and channel are those of the draft. */
interface ReceiptColumns {
  readonly offset: Column<number>;
  readonly epoch: Column<string>;
  readonly time: Column<number>;
  readonly duplicate: Column<boolean>;
}

interface SenderColumns {
  /** Whether there is one. */
  readonly sent: Column<boolean>;
  readonly user: Column<string | null>;
  readonly connection: Column<string>;
  readonly client: Column<string | null>;
}

export function packDrafts(drafts: readonly Draft[]): Parcel<Draft> {
  if (drafts.length < worthwhile) return drafts;
  return JSON.stringify({
    ...contentColumns(drafts),
    keyed: column(drafts, (draft) => draft.keyed),
    space: column(drafts, (draft) => draft.space),
    account: column(drafts, (draft) => draft.account ?? ''),
  } satisfies DraftColumns);
}

export function unpackDrafts(parcel: Parcel<Draft>): readonly Draft[] {
  if (typeof parcel !== 'string') return parcel;
  const columns: DraftColumns = JSON.parse(parcel);
  const { length, channel, id, keyed, space, type, data, persist, account } = columns;
  return Array.from({ length }, (_, at) => ({
    channel: cell(channel, at),
    id: cell(id, at),
    keyed: cell(keyed, at),
    space: cell(space, at),
    type: cell(type, at),
    data: cell(data, at),
    sender: senderAt(columns, at),
    persist: cell(persist, at),
    ...accountAt(account, at),
  }));
}

function accountAt(accounts: Column<string>, at: number): Pick<Draft, 'account'> {
  const account = cell(accounts, at);
  return account === '' ? {} : { account };
}

export function packMessages(messages: readonly Message[]): Parcel<Message> {
  if (messages.length < worthwhile) return messages;
  return JSON.stringify({
    ...contentColumns(messages),
    offset: column(messages, (message) => message.offset),
    epoch: column(messages, (message) => message.epoch),
    time: column(messages, (message) => message.time),
  } satisfies MessageColumns);
}

export function unpackMessages(parcel: Parcel<Message>): readonly Message[] {
  if (typeof parcel !== 'string') return parcel;
  const columns: MessageColumns = JSON.parse(parcel);
  const { length, channel, id, offset, epoch, time, type, data, persist } = columns;
  return Array.from({ length }, (_, at) => ({
    id: cell(id, at),
    channel: cell(channel, at),
    offset: cell(offset, at),
    epoch: cell(epoch, at),
    time: cell(time, at),
    type: cell(type, at),
    data: cell(data, at),
    sender: senderAt(columns, at),
    persist: cell(persist, at),
  }));
}

export function packReceipts(receipts: readonly Receipt[]): Parcel<Receipt> {
  if (receipts.length < worthwhile) return receipts;
  return JSON.stringify({
    offset: column(receipts, (receipt) => receipt.offset),
    epoch: column(receipts, (receipt) => receipt.epoch),
    time: column(receipts, (receipt) => receipt.time),
    duplicate: column(receipts, (receipt) => receipt.duplicate),
  } satisfies ReceiptColumns);
}

/** `drafts` are those that the receipts are for. */
export function unpackReceipts(parcel: Parcel<Receipt>, drafts: readonly Draft[]): Receipt[] {
  if (typeof parcel !== 'string') return [...parcel];
  const { offset, epoch, time, duplicate }: ReceiptColumns = JSON.parse(parcel);
  return drafts.map(({ id, channel }, at) => ({
    id,
    channel,
    offset: cell(offset, at),
    epoch: cell(epoch, at),
    time: cell(time, at),
    duplicate: cell(duplicate, at),
  }));
}

type Content = Pick<Draft, 'channel' | 'id' | 'type' | 'data' | 'sender' | 'persist'>;

function contentColumns(rows: readonly Content[]): Omit<DraftColumns, 'keyed' | 'space' | 'account'> {
  return {
    length: rows.length,
    channel: column(rows, (row) => row.channel),
    id: column(rows, (row) => row.id),
    type: column(rows, (row) => row.type),
    data: column(rows, (row) => row.data),
    persist: column(rows, (row) => row.persist),
    sent: column(rows, ({ sender }) => sender !== null),
    user: column(rows, ({ sender }) => sender?.user ?? null),
    connection: column(rows, ({ sender }) => sender?.connection ?? ''),
    client: column(rows, ({ sender }) => sender?.client ?? null),
  };
}

function senderAt({ sent, user, connection, client }: SenderColumns, at: number): Sender | null {
  if (!cell(sent, at)) return null;
  return { user: cell(user, at), connection: cell(connection, at), client: cell(client, at) };
}

function column<Row, Value>(rows: readonly Row[], read: (row: Row) => Value): Column<Value> {
  const values = rows.map(read);
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? { all: first } : values;
}

function cell<Value>(values: Column<Value>, at: number): Value {
  return 'all' in values ? values.all : (values[at] as Value);
}
