/** What the five dialects send, as far as this demo reads it. */
export interface Frame {
  readonly type?: string;
  readonly action?: string;
  readonly text?: string;
  readonly content?: unknown;
  readonly payload?: { readonly text?: string };
}

/** Of a channel-dialect message: the string that was sent, or the object that a relay client sent. */
export function contentText({ type, content }: Frame): string | undefined {
  if (type !== 'text') return undefined;
  return typeof content === 'string' ? content : (content as { readonly text?: string }).text;
}

interface Waiter {
  readonly matches: (frame: Frame) => boolean;
  readonly resolve: (raw: string) => void;
  readonly reject: (error: Error) => void;
}

/** Everything that one client got, from its birth, and whoever waits for something of it. */
export class Ears {
  /** The texts of the messages, in the order in which they came. */
  readonly texts: string[] = [];
  readonly #textOf: (frame: Frame) => string | undefined;
  readonly #frames: { readonly raw: string; readonly frame: Frame }[] = [];
  readonly #waiters = new Set<Waiter>();
  #fault: Error | null = null;

  /** `textOf` gives the text of a message, and undefined for any other frame. */
  constructor(textOf: (frame: Frame) => string | undefined) {
    this.#textOf = textOf;
  }

  put(raw: string): void {
    const frame: Frame = JSON.parse(raw);
    this.#frames.push({ raw, frame });
    const text = this.#textOf(frame);
    if (text !== undefined) this.texts.push(text);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(frame)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(raw);
    }
  }

  /** Nothing more will come. */
  fail(why: string): void {
    this.#fault ??= new Error(why);
    for (const { reject } of this.#waiters) reject(this.#fault);
    this.#waiters.clear();
  }

  /** The message with this text, as it came. */
  hear(text: string): Promise<string> {
    return this.get((frame) => this.#textOf(frame) === text);
  }

  /** The first frame that matches, as it came. */
  get(matches: (frame: Frame) => boolean): Promise<string> {
    const found = this.#frames.find(({ frame }) => matches(frame));
    if (found) return Promise.resolve(found.raw);
    if (this.#fault) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => this.#waiters.add({ matches, resolve, reject }));
  }
}
