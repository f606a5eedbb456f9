import { type Endpoint, requestHead } from './endpoint.ts';
import { stampedContent, writeStamp } from './stamp.ts';

const STAMP = Buffer.from('"data":"~');

/** What every request of a run has in common. */
export interface RequestOptions {
  readonly server: Endpoint;
  readonly channel: string;
  /** Messages of the request. */
  readonly batch: number;
  readonly dataBytes: number;
}

/** A request that publishes, as bytes to be sent again and again, with other data in each message every time. */
export class PublishRequest {
  readonly bytes: Buffer;
  readonly #stamps: readonly number[];

  constructor({ server, channel, batch, dataBytes }: RequestOptions) {
    const message = JSON.stringify({ channel, data: stampedContent(dataBytes) });
    const [path, body] =
      batch === 1
        ? ['/api/publish', message]
        : ['/api/batch', `{"messages":[${Array(batch).fill(message).join(',')}]}`];
    const head = requestHead(server, 'POST', path, {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
    });
    this.bytes = Buffer.from(head + body);
    this.#stamps = stampsIn(this.bytes);
  }

  /** Numbers its messages from `first` on. Not while an earlier write of the bytes is under way. */
  number(first: number): void {
    for (const [index, at] of this.#stamps.entries()) writeStamp(this.bytes, at, first + index);
  }
}

function stampsIn(bytes: Buffer): number[] {
  const stamps: number[] = [];
  for (let at = bytes.indexOf(STAMP); at !== -1; at = bytes.indexOf(STAMP, at + 1))
    stamps.push(at + STAMP.length - 1);
  return stamps;
}
