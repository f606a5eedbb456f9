import type { Receipt, Sender } from '../engine/engine.ts';
import type { Publication } from '../hub/hub.ts';
import { jsonOf } from '../json.ts';
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
    const { type, persist } = this;
    const data = this.#value?.changed ? jsonOf(this.#value.data) : this.#given.data;
    return { ...this.#given, type, persist, data };
  }
}
