import { clientFrame, OPCODE } from './frames.ts';
import type { Speech } from './speech.ts';
import { findStamp, stampedContent, writeStamp } from './stamp.ts';

/** The frame that publishes, to be copied for every message with another number in it. */
export class PublishedFrame {
  readonly length: number;
  readonly #frame: Buffer;
  readonly #stampAt: number;

  constructor(speech: Speech, contentBytes: number) {
    this.#frame = clientFrame(OPCODE.text, Buffer.from(speech.publish(stampedContent(contentBytes))));
    this.#stampAt = findStamp(this.#frame);
    this.length = this.#frame.length;
  }

  /** One frame for each number, behind one another. */
  of(sequences: readonly number[]): Buffer {
    const bytes = Buffer.allocUnsafe(sequences.length * this.length);
    for (const [index, sequence] of sequences.entries()) {
      this.#frame.copy(bytes, index * this.length);
      writeStamp(bytes, index * this.length + this.#stampAt, sequence);
    }
    return bytes;
  }
}
