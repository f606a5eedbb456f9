/** Bytes between two probes at the least. */
export const probeStep = 64 * 1024;
/** Bytes that may follow a probe that is not answered. */
export const windowWidth = 256 * 1024;
/** Milliseconds between two probes to a peer that answers them: at least, and at most so many more. */
const rest = 1_000;
const spread = 1_000;

/**
 * How far a peer has read, asked by probes that it answers when it comes to them. The kernel takes megabytes for a peer
 * that reads nothing: memory that nobody has bounded, messages that cannot be taken back, and time that others wait. A
 * peer that has never answered a probe is not held to this.
 */
export class Window {
  #written: number;
  /** Where the last probe stands. */
  #probed = 0;
  /** Before this time a peer that has answered is not asked again: not all at once, because they answer at once. */
  #notBefore = 0;
  /** Where the last probe stands that was answered. */
  #read = 0;

  constructor(written: number) {
    this.#written = written;
  }

  /** So much has been written that the peer should soon be asked again. */
  get due(): boolean {
    return this.#written - this.#probed >= probeStep;
  }

  /** Nothing more is to be written until the peer has read on. */
  get full(): boolean {
    if (this.#read === 0 || this.#read === this.#probed) return false;
    const unanswered = Math.min(this.#read + probeStep, this.#probed);
    return this.#written - unanswered >= windowWidth;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /** The place of a probe that is to be written now; null when it is too early for one. */
  probe(now: number): number | null {
    const answered = this.#read === this.#probed;
    if (answered && now < this.#notBefore) return null;
    this.#probed = this.#written;
    this.#notBefore = now + rest + Math.random() * spread;
    return this.#written;
  }

  /** The peer has read up to the probe at this place. False when that is no news, or made up. */
  answered(place: number): boolean {
    if (place <= this.#read || place > this.#probed) return false;
    this.#read = place;
    return true;
  }
}
