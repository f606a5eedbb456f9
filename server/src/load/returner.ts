import { channelSpeech } from './channel-speech.ts';
import { type Expected, type Position, positionIn } from './missed.ts';
import type { Reaction, Speech } from './speech.ts';

/** A client before the cut: it remembers where it stands. */
export class Leaver implements Speech {
  readonly path: string;
  position: Position | null = null;
  readonly #speech: Speech;

  constructor(channel: string) {
    this.#speech = channelSpeech({ subscribe: true, channel });
    this.path = this.#speech.path;
  }

  hear(text: string): Reaction {
    const position = positionIn(text);
    if (position === null) return this.#speech.hear(text);
    this.position = position;
    return {};
  }

  publish(content: string): string {
    return this.#speech.publish(content);
  }
}

interface Answer {
  readonly type?: unknown;
  readonly content?: {
    readonly epoch?: unknown;
    readonly offset?: unknown;
    readonly recovered?: unknown;
    readonly replayed?: unknown;
  } | null;
}

/** What a client that comes back is held to. */
export interface Return {
  readonly channel: string;
  /** Where it stood. */
  readonly position: Position;
  /** The offset of the last message that it missed. */
  readonly last: number;
  readonly expected: Expected;
  /** It has all it had missed. */
  onComplete(): void;
}

/** A client that comes back with its position, and looks at every message that it then gets. */
export class Returner implements Speech {
  readonly path: string;
  /** The first thing that was wrong, or null. */
  fault: string | null = null;
  /** The offset of the last message that it got. */
  offset: number;
  readonly #return: Return;
  readonly #speech: Speech;
  #isSubscribed = false;

  constructor(terms: Return) {
    this.#return = terms;
    this.#speech = channelSpeech({ subscribe: true, channel: terms.channel });
    this.path = this.#speech.path;
    this.offset = terms.position.offset;
  }

  hear(text: string): Reaction {
    if (this.#isSubscribed) {
      this.#receive(text);
      return {};
    }
    const frame = JSON.parse(text) as Answer;
    if (frame.type === 'connected') return { reply: this.#subscribe() };
    if (frame.type !== 'subscribed') return this.#speech.hear(text);
    this.#isSubscribed = true;
    this.fault = this.#faultOf(frame);
    return { ready: true };
  }

  /** It has all it had missed, or something was wrong. */
  get isOver(): boolean {
    return this.fault !== null || (this.#isSubscribed && this.offset >= this.#return.last);
  }

  publish(content: string): string {
    return this.#speech.publish(content);
  }

  #subscribe(): string {
    const { channel, position } = this.#return;
    return JSON.stringify({ action: 'subscribe', data: { channel, position }, request_id: 'return' });
  }

  #faultOf({ content }: Answer): string | null {
    const { position, last } = this.#return;
    if (content?.recovered !== true) return 'not recovered';
    const isExact =
      content.epoch === position.epoch &&
      content.offset === last &&
      content.replayed === last - position.offset;
    return isExact ? null : 'the answer to the subscription is not exact';
  }

  #receive(text: string): void {
    if (text.startsWith('{"type":"heartbeat"') || text.startsWith('{"type":"live"')) return;
    this.offset++;
    this.fault ??= this.#return.expected.fault(text, this.offset);
    if (this.offset === this.#return.last) this.#return.onComplete();
  }
}
