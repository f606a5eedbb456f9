import { Pace } from './pace.ts';
import type { Recipient } from './recipient.ts';

/** Milliseconds of each turn of the event loop for writing to crowds; what is urgent is written besides. */
const slice = 1;
/** Writes between two looks at the clock. */
const stride = 8;
/** What may gather for one channel's crowd while a round goes on, before new batches wait for its end. */
const fullMessages = 64;
const fullBytes = 64 * 1024;

/** What of one channel was delivered to a crowd since the round began. */
interface Gathered {
  messages: number;
  bytes: number;
}

/** Recipients that are written to in their order, once each, and who wants to know when that is done. */
class Round {
  readonly recipients: Recipient[] = [];
  readonly listeners: (() => void)[] = [];
  /** How many have been written to. */
  done = 0;
  /** Milliseconds that it took. */
  spent = 0;

  get over(): boolean {
    return this.done === this.recipients.length;
  }

  end(): void {
    for (const listener of this.listeners) listener();
  }
}

/**
 * Remembers which recipients have something to write, and writes to each of them once: at the end of the tick, or at
 * the end of this turn of the event loop when no tick is under way.
 *
 * Writing is what costs most, and a crowd takes long: a thousand recipients some milliseconds. So it is written to in
 * rounds, a slice in each turn, between which frames are read and batches are committed; what is committed meanwhile
 * goes out together with what waits. When rounds take most of the time, one waits for a second message to begin with.
 * Answers, senders and small rooms are urgent: they wait for no crowd.
 */
export class Flusher {
  #urgent: Recipient[] = [];
  #round = new Round();
  #next = new Round();
  readonly #gathered = new Map<object, Gathered>();
  #full = false;
  #scheduled = false;
  readonly #pace = new Pace();
  /** Before this time the next round need not begin; 0 for at once. */
  #patientUntil = 0;
  #timer: NodeJS.Timeout | null = null;

  mark(recipient: Recipient, urgent = false): void {
    (urgent ? this.#urgent : this.#next.recipients).push(recipient);
    this.#schedule();
  }

  /** Messages of a channel were given to a crowd of so many. */
  gather(channel: object, messages: number, bytes: number, recipients: number): void {
    const before = this.#gathered.get(channel);
    const gathered = before ?? { messages: 0, bytes: 0 };
    gathered.messages += messages;
    gathered.bytes += bytes;
    this.#wait(channel, before !== undefined || messages > 1, recipients);
    this.#gathered.set(channel, gathered);
    if (gathered.messages >= fullMessages || gathered.bytes >= fullBytes) this.#full = true;
  }

  /** The next round waits for company as long as everything that is gathered for it does. */
  #wait(channel: object, hasCompany: boolean, recipients: number): void {
    const now = performance.now();
    const patience = this.#pace.came(channel, recipients, now);
    if (hasCompany) this.#pace.waited(channel, false);
    const until = hasCompany || patience === 0 ? 0 : now + patience;
    this.#patientUntil = this.#gathered.size === 0 ? until : Math.min(this.#patientUntil, until);
  }

  /** A crowd is behind with what it was given: the next batch is to wait for the end of the round. */
  get full(): boolean {
    return this.#full && !this.#round.over;
  }

  /** To be called after `flush`: the listener is called once everything marked until now has been written. */
  whenWritten(listener: () => void): void {
    if (this.#next.recipients.length > 0) this.#next.listeners.push(listener);
    else if (!this.#round.over) this.#round.listeners.push(listener);
    else listener();
  }

  /** Called at the end of the round under way, or at once without one. */
  whenRoundEnds(listener: () => void): void {
    if (this.#round.over) listener();
    else this.#round.listeners.push(listener);
  }

  /** Writes now: everything urgent, and of the rest what one slice allows. */
  flush(): void {
    this.#writeUrgent();
    if (this.#round.over) {
      if (this.#isPatient()) return;
      this.#begin();
    }
    this.#write();
  }

  #writeUrgent(): void {
    const urgent = this.#urgent;
    if (urgent.length === 0) return;
    this.#urgent = [];
    for (const recipient of urgent) recipient.flush();
  }

  /** Whether the next round waits; wakes it when that is over. */
  #isPatient(): boolean {
    if (this.#patientUntil === 0) return false;
    const left = this.#patientUntil - performance.now();
    if (left <= 0) {
      for (const channel of this.#gathered.keys()) this.#pace.waited(channel, true);
      return false;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, left);
    return true;
  }

  #begin(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#patientUntil = 0;
    this.#round = this.#next;
    this.#next = new Round();
    this.#gathered.clear();
    this.#full = false;
  }

  #write(): void {
    const round = this.#round;
    const { recipients } = round;
    const began = performance.now();
    let now = began;
    while (!round.over && now < began + slice) {
      const until = Math.min(round.done + stride, recipients.length);
      while (round.done < until) recipients[round.done++]?.flush();
      now = performance.now();
    }
    round.spent += now - began;
    if (round.over) {
      this.#pace.wrote(recipients.length, round.spent);
      round.end();
    }
    if (!round.over || this.#next.recipients.length > 0) this.#schedule();
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
}
