/**
 * Walks over the frames that a client sends (RFC 6455, 5.2), without looking into them, to know whether a message has
 * begun and not ended: the parser does not tell. Frames that break the protocol are the parser's business.
 */
export class FrameScanner {
  /** Messages and control frames that have ended. */
  #ended = 0;
  /** Of the head under way: how much there is, how long it is, its first byte, and the payload's length so far. */
  #head = 0;
  #headSize = 2;
  #first = 0;
  #length = 0;
  /** Of the payload under way: how much is to come. */
  #left = 0;
  /** Between the fragments of a message. */
  #fragmented = false;

  /** A frame, or a message of several, has begun and not ended. */
  get unfinished(): boolean {
    return this.#head > 0 || this.#left > 0 || this.#fragmented;
  }

  /** Stays the same for as long as the same message is unfinished, control frames between its fragments aside. */
  get ended(): number {
    return this.#ended;
  }

  scan(chunk: Uint8Array): void {
    const { length } = chunk;
    for (let at = 0; at < length; ) {
      if (this.#left === 0) this.#takeHead(chunk[at++] ?? 0);
      else {
        const step = Math.min(this.#left, length - at);
        at += step;
        this.#left -= step;
        if (this.#left === 0) this.#endFrame();
      }
    }
  }

  #takeHead(byte: number): void {
    const place = this.#head++;
    if (place === 0) this.#first = byte;
    else if (place === 1) this.#takeLength(byte);
    else if (place < this.#headSize - 4) this.#length = this.#length * 256 + byte;
    if (this.#head < this.#headSize || place === 0) return;
    this.#head = 0;
    this.#headSize = 2;
    this.#left = this.#length;
    if (this.#left === 0) this.#endFrame();
  }

  /** Frames of clients are masked: four bytes more. */
  #takeLength(byte: number): void {
    const short = byte & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    this.#length = extended === 0 ? short : 0;
    this.#headSize = 2 + extended + 4;
  }

  #endFrame(): void {
    const isControl = (this.#first & 0x08) !== 0;
    if (isControl) {
      if (!this.#fragmented) this.#ended++;
      return;
    }
    this.#fragmented = (this.#first & 0x80) === 0;
    if (!this.#fragmented) this.#ended++;
  }
}
