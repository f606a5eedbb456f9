import { Pace } from './pace.ts';
import type { Recipient } from './recipient.ts';

/** Milliseconds of each turn of the event loop for writing to crowds; what is urgent is written besides. */
const slice = 1;
/** Writes between two looks at the clock. */
const stride = 8;
/** What may gather for one channel's crowd while a round goes on, before new batches wait for its end. */
const fullMessages = 64;
const fullBytes = 64 * 1024;
/** Of those who wait, so many are written to while the others wait on: more than half, so that most get it at once. */
const share = 0.52;

/** What of one channel was delivered to a crowd since the round began. */
interface Gathered {
  messages: number;
  bytes: number;
}

/** Who is to be told when so many writes are done, counted from the first one ever. */
interface Listener {
  readonly writes: number;
  readonly tell: () => void;
}

/**
 * Remembers which recipients have something to write, and writes to each of them once: at the end of the tick, or at
 * the end of this turn of the event loop when no tick is under way.
 *
 * Writing is what costs most, and a crowd takes long: a thousand recipients some milliseconds. So it is written to in
 * rounds, a slice in each turn, between which frames are read and batches are committed; what is committed meanwhile
 * goes out together with what waits. When rounds take most of the time, one writes to the first half of those who wait,
 * and the others wait for one more batch. Answers, senders and small rooms are urgent: they wait for no crowd.
 */
export class Flusher {
  #urgent: Recipient[] = [];
  /** Those who wait for a round, in the order in which they were marked. */
  #queue: Recipient[] = [];
  /** How many of the queue the round under way has written to, and how many it will have when it is over. */
  #head = 0;
  #end = 0;
  /** Writes to those who are in the queue no more. */
  #past = 0;
  /** Milliseconds that the round under way has taken. */
  #spent = 0;
  readonly #atEnd: (() => void)[] = [];
  readonly #listeners: Listener[] = [];
  /** What came for crowds since the last round began. */
  readonly #gathered = new Map<object, Gathered>();
  #full = false;
  #scheduled = false;
  readonly #pace = new Pace();
  /** Before this time not all of what is gathered need be written; 0 when it need. */
  #patientUntil = 0;
  /** Whose messages wait for company since the last round began, and before which time. */
  #waiting = new Set<object>();
  #waitsUntil = 0;
  #willWake = false;

  mark(recipient: Recipient, urgent = false): void {
    (urgent ? this.#urgent : this.#queue).push(recipient);
    this.#schedule();
  }

  /** Messages of a channel were given to a crowd of so many. */
  gather(channel: object, messages: number, bytes: number, recipients: number): void {
    const before = this.#gathered.get(channel);
    const gathered = before ?? { messages: 0, bytes: 0 };
    gathered.messages += messages;
    gathered.bytes += bytes;
    this.#consider(channel, before !== undefined || messages > 1, recipients);
    this.#gathered.set(channel, gathered);
    if (gathered.messages >= fullMessages || gathered.bytes >= fullBytes) this.#full = true;
  }

  /** The next round is patient as long as everything that is gathered for it is. */
  #consider(channel: object, hasCompany: boolean, recipients: number): void {
    const now = performance.now();
    const patience = this.#pace.came(channel, recipients, now);
    if (hasCompany || this.#waiting.has(channel)) this.#pace.waited(channel, false);
    const until = hasCompany || patience === 0 ? 0 : now + patience;
    this.#patientUntil = this.#gathered.size === 0 ? until : Math.min(this.#patientUntil, until);
  }

  get #isRoundOver(): boolean {
    return this.#head >= this.#end;
  }

  /** A crowd is behind with what it was given: the next batch is to wait for the end of the round. */
  get full(): boolean {
    return this.#full && !this.#isRoundOver;
  }

  /** To be called after `flush`: the listener is called once everything marked until now has been written. */
  whenWritten(listener: () => void): void {
    if (this.#queue.length === this.#head) listener();
    else this.#listeners.push({ writes: this.#past + this.#queue.length, tell: listener });
  }

  /** Called at the end of the round under way, or at once without one. */
  whenRoundEnds(listener: () => void): void {
    if (this.#isRoundOver) listener();
    else this.#atEnd.push(listener);
  }

  /** Writes now: everything urgent, and of the rest what one slice allows. */
  flush(): void {
    this.#writeUrgent();
    if (this.#isRoundOver) this.#begin(this.#due());
    if (!this.#isRoundOver) this.#write();
  }

  #writeUrgent(): void {
    const urgent = this.#urgent;
    if (urgent.length === 0) return;
    this.#urgent = [];
    for (const recipient of urgent) recipient.flush();
  }

  /** How many of those who wait the next round writes to. */
  #due(): number {
    const count = this.#queue.length;
    const now = performance.now();
    if (this.#gathered.size > 0) return this.#patientUntil > now ? Math.ceil(count * share) : count;
    const left = this.#waitsUntil - now;
    if (left > 0) {
      this.#wakeIn(left);
      return 0;
    }
    for (const channel of this.#waiting) this.#pace.waited(channel, true);
    return count;
  }

  #begin(count: number): void {
    if (count === 0) return;
    this.#end = count;
    this.#spent = 0;
    const isAll = count === this.#queue.length;
    this.#waiting = new Set(isAll ? [] : this.#gathered.keys());
    this.#waitsUntil = isAll ? 0 : this.#patientUntil;
    this.#gathered.clear();
    this.#full = false;
  }

  #write(): void {
    const began = performance.now();
    let now = began;
    while (!this.#isRoundOver && now < began + slice) {
      const until = Math.min(this.#head + stride, this.#end);
      while (this.#head < until) this.#queue[this.#head++]?.flush();
      now = performance.now();
    }
    this.#spent += now - began;
    if (this.#isRoundOver) this.#finish();
    this.#tell();
    if (this.#head < this.#queue.length) this.#schedule();
  }

  /** Those who were written to are forgotten: they may be gone long before the next round. */
  #finish(): void {
    this.#pace.wrote(this.#end, this.#spent);
    this.#queue.splice(0, this.#end);
    this.#past += this.#end;
    this.#head = 0;
    this.#end = 0;
  }

  #tell(): void {
    while (this.#listeners[0] && this.#listeners[0].writes <= this.#past + this.#head) {
      this.#listeners.shift()?.tell();
    }
    if (this.#isRoundOver) for (const tell of this.#atEnd.splice(0)) tell();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** Looks again after so long, whatever happens until then. */
  #wakeIn(ms: number): void {
    if (this.#willWake) return;
    this.#willWake = true;
    setTimeout(() => {
      this.#willWake = false;
      this.flush();
    }, ms);
  }
}
