import type { JsonObject } from '../../json.ts';
import { Failure } from '../exit.ts';
import type { Output } from '../output/output.ts';
import { printable } from '../output/text.ts';
import { type Api, listIn, numberIn, textIn } from './api.ts';
import { readMessage } from './message-text.ts';

/** As the server takes them. */
const batchSize = 1000;

export type Destination = { readonly channel: string } | { readonly user_id: string } | 'everyone';

export interface MessageOptions {
  readonly type?: string;
  readonly id?: string;
  readonly persist?: true;
}

/** Publishes messages as they were typed: their text goes out unchanged, numbers beyond a double included. */
export class Publisher {
  readonly #api: Api;
  readonly #destination: Destination;
  readonly #options: MessageOptions;

  constructor(api: Api, destination: Destination, { type, id, persist }: MessageOptions) {
    this.#api = api;
    this.#destination = destination;
    this.#options = {
      ...(type === undefined ? {} : { type }),
      ...(id === undefined ? {} : { id }),
      ...(persist === undefined ? {} : { persist }),
    };
  }

  /** Most messages of one request: a batch knows channels and users only. */
  get most(): number {
    return this.#destination === 'everyone' ? 1 : batchSize;
  }

  /** Resolves to the server's receipt. */
  one(text: string): Promise<JsonObject> {
    if (this.#destination !== 'everyone') {
      return this.#api.call('POST', '/api/publish', { body: this.#item(this.#destination, text) });
    }
    const body = `{"message":${withMember(this.#options, 'content', text)}}`;
    return this.#api.call('POST', '/ws/broadcast', { body });
  }

  /** Of at most `most` messages. Resolves to a result for each: a receipt, or `ok` false and the error. */
  async many(texts: readonly string[]): Promise<JsonObject[]> {
    const [only = ''] = texts;
    const destination = this.#destination;
    if (texts.length === 1 || destination === 'everyone') return [await this.one(only)];
    const items = texts.map((text) => this.#item(destination, text));
    const answer = await this.#api.call('POST', '/api/batch', { body: `{"messages":[${items.join(',')}]}` });
    const results = listIn(answer, 'results');
    if (results.length === texts.length) return results;
    throw new Failure('the server did not answer for every message: is it a Fanwire server of this version?');
  }

  #item(destination: object, text: string): string {
    return withMember({ ...destination, ...this.#options }, 'data', text);
  }
}

/** JSON text of an object with one member more, whose value is the message. */
function withMember(members: object, name: string, text: string): string {
  const others = JSON.stringify(members).slice(1, -1);
  return `{${others}${others === '' ? '' : ','}"${name}":${readMessage(text).json}}`;
}

export function printReceipt(output: Output, receipt: JsonObject): void {
  output.line(output.json ? JSON.stringify(receipt) : printable(receiptText(receipt)));
}

function receiptText(receipt: JsonObject): string {
  const verb = receipt.duplicate === true ? 'had been published already' : 'published';
  const place = `${textIn(receipt, 'channel')} at offset ${numberIn(receipt, 'offset')}`;
  return `${verb}: ${place}, id ${textIn(receipt, 'id')}`;
}
