/** Bytes between two probes at the least. */
export const probeStep = 64 * 1024;
/** Bytes that may follow a probe that is not answered. */
export const windowWidth = 256 * 1024;
/** Milliseconds between two probes to a peer that answers them: at least, and at most so many more. */
const rest = 1_000;
const spread = 1_000;

/** Milliseconds that an answer may take: a long way is no slow reader. */
export const answerTime = 1_000;

/**
 * How far a peer has read, asked by probes that it answers when it comes to them. The kernel takes megabytes for a peer
 * that reads nothing: memory that nobody has bounded, messages that cannot be taken back, and time that others wait. To
 * answer pings is a duty of every peer (RFC 6455, 5.5.2); where odd ones are let off it, whoever has never answered is
 * not held to this.
 */
export class Window {
  #written: number;
  /** Where the last probe stands. */
  #probed = 0;
  /** Before this time a peer that has answered is not asked again: not all at once, because they answer at once. */
  #notBefore = 0;
  /** Where the last probe stands that was answered. */
  #read = 0;
  /** Since when an answer is waited for. */
  #askedAt = 0;
  readonly #strict: boolean;

  /** `strict` is false where a peer may never answer. */
  constructor(written: number, strict: boolean) {
    this.#written = written;
    this.#strict = strict;
  }

  /** So much has been written that the peer should soon be asked again. */
  get due(): boolean {
    return this.#written - this.#probed >= probeStep;
  }

  /** So much is on its way that whatever can wait is to wait until the peer has read on. */
  get full(): boolean {
    if (this.#read === this.#probed || (this.#read === 0 && !this.#strict)) return false;
    const unanswered = Math.min(this.#read + probeStep, this.#probed);
    return this.#written - unanswered >= windowWidth;
  }

  /** The peer had time to answer: while the window is full nothing more is to be written. */
  isOverdue(now: number): boolean {
    return now - this.#askedAt >= answerTime;
  }

  /** Answers can come from now on. */
  listened(now: number): void {
    this.#askedAt = now;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /** The place of a probe that is to be written now; null when it is too early for one. */
  probe(now: number): number | null {
    const answered = this.#read === this.#probed;
    if (answered && now < this.#notBefore) return null;
    if (answered) this.#askedAt = now;
    this.#probed = this.#written;
    this.#notBefore = now + rest + Math.random() * spread;
    return this.#written;
  }

  /** The peer has read up to the probe at this place. False when that is no news, or made up. */
  answered(place: number, now: number): boolean {
    if (place <= this.#read || place > this.#probed) return false;
    this.#read = place;
    this.#askedAt = now;
    return true;
  }
}
