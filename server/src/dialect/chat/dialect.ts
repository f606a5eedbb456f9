import { randomInt } from 'node:crypto';
import { checkUserId } from '../../access/names.ts';
import type { FanwireError } from '../../errors.ts';
import { checkParameters, flag, optionalParameter, socketParameters } from '../address.ts';
import type { Dialect, Entrance, Link, Requirements, Services, Session } from '../dialect.ts';
import { encode, encodeError } from './codec.ts';
import { type ChatOptions, ChatSession } from './session.ts';

const parameters = socketParameters('name');

/** `ws /`: chat in many rooms, with history (PROTOCOLS.md, section 4). */
export class ChatDialect implements Dialect {
  readonly name = 'chat';
  readonly requirements: Requirements;
  readonly encode = encode;
  readonly #services: Services;
  readonly #options: ChatOptions;

  constructor(services: Services, options: ChatOptions & { readonly authRequired: boolean }) {
    this.#services = services;
    this.#options = options;
    this.requirements = { auth: options.authRequired, user: false, origin: false };
  }

  entrance(url: URL): Entrance | null {
    if (url.pathname !== '/') return null;
    checkParameters(url, parameters);
    const name = optionalParameter(url, 'name', checkUserId) ?? this.#guestName();
    return { channels: [], room: null, clientId: null, name, watch: true, echo: flag(url, 'echo', true) };
  }

  refusal({ code, message }: FanwireError, retryAfter?: number): string {
    return encodeError(code, message, undefined, retryAfter);
  }

  open(link: Link, _entrance: Entrance, settled: () => void): Session {
    return new ChatSession(link, this.#services, this.#options, settled);
  }

  /** One that nobody here goes by, unless there are very many guests. */
  #guestName(): string {
    const { connections } = this.#services.hub;
    let name = '';
    for (let tries = 0; tries < 100; tries++) {
      name = `guest-${randomInt(0x10000).toString(16).padStart(4, '0')}`;
      if (connections.ofUser(name).length + connections.ofGuest(name).length === 0) break;
    }
    return name;
  }
}
