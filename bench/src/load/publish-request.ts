import { CHANNEL } from '../targets/target.ts';
import { stampedContent, writeStamp } from './stamp.ts';

const STAMP = Buffer.from('"data":"~');

/** What every request of a run has in common. */
export interface RequestOptions {
  readonly port: number;
  readonly apiKey: string;
  /** Messages of the request. */
  readonly batch: number;
  readonly dataBytes: number;
}

/** A request that publishes, as bytes to be sent again and again, with other data in each message every time. */
export class PublishRequest {
  readonly bytes: Buffer;
  readonly #stamps: readonly number[];

  constructor({ port, apiKey, batch, dataBytes }: RequestOptions) {
    const message = JSON.stringify({ channel: CHANNEL, data: stampedContent(dataBytes) });
    const [path, body] =
      batch === 1
        ? ['/api/publish', message]
        : ['/api/batch', `{"messages":[${Array(batch).fill(message).join(',')}]}`];
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `X-API-Key: ${apiKey}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
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
