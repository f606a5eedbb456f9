import { field, isObject, type JsonObject } from '../../json.ts';

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Messages that are missing: offsets `from` to `to`, both included; `to` null when nobody knows. */
export interface Gap {
  readonly from: number;
  readonly to: number | null;
}

/** Where a follower begins: behind a position, or with the last messages. */
export type Beginning = { readonly position: Position } | { readonly history: number };

/** How far one channel was printed, which is where a broken connection goes on. */
export class Progress {
  readonly channel: string;
  readonly #beginning: Beginning;
  #position: Position | null;
  /** The position is not of the server's history: the next message begins a new one. */
  #strange = false;
  /** Asked for, and not come to the end of what is replayed. */
  #replaying = false;

  constructor(channel: string, beginning: Beginning) {
    this.channel = channel;
    this.#beginning = beginning;
    this.#position = 'position' in beginning ? beginning.position : null;
  }

  /** Behind the last message that was printed; null before there was anything. */
  get position(): Position | null {
    return this.#position;
  }

  /** The data of the `subscribe` that asks for everything which was not printed yet. */
  request(): JsonObject {
    this.#replaying = true;
    const { channel } = this;
    return this.#position ? { channel, position: this.#position } : { channel, ...this.#beginning };
  }

  /** The answer `subscribed`. Where nothing is replayed it is itself the position; else messages will be, then `live`. */
  subscribed(content: JsonObject): Gap | null {
    const value = field(content, 'gap');
    const gap = isObject(value) ? this.gap(value) : null;
    if (field(content, 'replayed') === 0) this.live(content);
    return gap;
  }

  /** The content of `live`: nothing before it is missing. */
  live(content: JsonObject): void {
    this.#replaying = false;
    this.#advance(content);
  }

  /** The content of a `gap`. */
  gap(content: JsonObject): Gap | null {
    const gap = gapOf(content);
    if (gap?.to === null) this.#strange = true;
    return gap;
  }

  /** What is sent to everyone and to the user comes from the start, in between what was missed. */
  message(frame: JsonObject): void {
    if (!this.#replaying || !this.channel.startsWith('$')) this.#advance(frame);
  }

  #advance(at: JsonObject): void {
    const [epoch, offset] = [field(at, 'epoch'), field(at, 'offset')];
    if (typeof epoch !== 'string' || typeof offset !== 'number') return;
    const isBehind = this.#position?.epoch === epoch && offset < this.#position.offset;
    if (isBehind && !this.#strange) return;
    this.#position = { epoch, offset };
    this.#strange = false;
  }
}

/** Null for anything else than a gap. */
function gapOf(content: JsonObject): Gap | null {
  const [from, to] = [field(content, 'from'), field(content, 'to')];
  if (typeof from !== 'number') return null;
  return { from, to: typeof to === 'number' ? to : null };
}

/** `epoch:offset`, as `--since` takes it. Null for anything else. */
export function parsePosition(text: string): Position | null {
  const match = /^(.+):(\d{1,15})$/.exec(text);
  return match ? { epoch: match[1] ?? '', offset: Number(match[2]) } : null;
}

export function positionText({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`;
}
