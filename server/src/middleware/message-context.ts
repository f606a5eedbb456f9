import { checkMessageType } from '../access/names.ts';
import type { Receipt, Sender } from '../engine/engine.ts';
import { badRequest } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import { toJsonText } from '../json.ts';
import type { MessageContext } from './context.ts';

/** A publication as middleware sees and changes it. The data's text is parsed only if somebody looks at it. */
export class PassingMessage implements MessageContext {
  readonly kind = 'message';
  readonly via: 'websocket' | 'http';
  readonly state: Record<string, unknown> = {};
  type: string;
  persist: boolean;
  receipt: Receipt | null = null;
  readonly #given: Publication;
  #value: { data: unknown; changed: boolean } | null = null;

  constructor(given: Publication, via: 'websocket' | 'http') {
    this.#given = given;
    this.via = via;
    this.type = given.type;
    this.persist = given.persist ?? false;
  }

  get channel(): string {
    return this.#given.channel;
  }

  get id(): string | undefined {
    return this.#given.id;
  }

  get sender(): Sender | null {
    return this.#given.sender;
  }

  get data(): unknown {
    this.#value ??= { data: JSON.parse(this.#given.data), changed: false };
    return this.#value.data;
  }

  set data(data: unknown) {
    this.#value = { data, changed: true };
  }

  /** What is to be published now. Throws `bad_request` for data that has no JSON. */
  get publication(): Publication {
    const { persist } = this;
    const type = this.type === this.#given.type ? this.type : checkMessageType(this.type, 'type');
    const data = this.#value?.changed ? jsonOf(this.#value.data) : this.#given.data;
    return { ...this.#given, type, persist, data };
  }
}

/** JSON text of a value that a program gives. Throws `bad_request` for what has none, or is nested too deep. */
export function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    throw badRequest(`data: has no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (text === undefined) throw badRequest(`data: a JSON value is required, not ${typeof value}`);
  return toJsonText(text, 'data');
}
