import { clientFrame, OPCODE } from './frames.ts';
import { findStamp, SHORTEST_CONTENT, stampedContent, writeStamp } from './stamp.ts';

/** How every acknowledgement of the channel dialect begins. Another answer is an error, or not for us. */
const ACK = Buffer.from('{"type":"ack"');

export function isAcknowledgement(payload: Buffer): boolean {
  return payload.compare(ACK, 0, ACK.length, 0, Math.min(ACK.length, payload.length)) === 0;
}

/** A publish of the channel dialect that asks for an acknowledgement, which tells which one it is for. */
export class AcknowledgedPublish {
  readonly bytes: Buffer;
  readonly #requestAt: number;
  readonly #contentAt: number;

  constructor(channel: string, contentBytes: number) {
    const frame = {
      request_id: stampedContent(SHORTEST_CONTENT),
      action: 'send_to_channel',
      data: { channel, content: stampedContent(contentBytes) },
    };
    this.bytes = clientFrame(OPCODE.text, Buffer.from(JSON.stringify(frame)));
    this.#requestAt = findStamp(this.bytes);
    const behind = this.#requestAt + SHORTEST_CONTENT;
    this.#contentAt = behind + findStamp(this.bytes.subarray(behind));
  }

  /** Writes the frame with this number to `bytes` at `at`. */
  write(bytes: Buffer, at: number, sequence: number): void {
    this.bytes.copy(bytes, at);
    writeStamp(bytes, at + this.#requestAt, sequence);
    writeStamp(bytes, at + this.#contentAt, sequence);
  }
}
