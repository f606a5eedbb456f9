import type { FanwireError } from '../../errors.ts';
import { checkParameters, flag, socketParameters } from '../address.ts';
import type { Dialect, Entrance, Link, Requirements, Services, Session } from '../dialect.ts';
import { encode, encodeAnswer, errorContent } from './codec.ts';
import { type ChannelOptions, ChannelSession } from './session.ts';

const parameters = socketParameters();

/** `ws /ws/connect`: the native dialect (PROTOCOLS.md, section 3). */
export class ChannelDialect implements Dialect {
  readonly name = 'channel';
  readonly requirements: Requirements;
  readonly encode = encode;
  readonly #services: Services;
  readonly #options: ChannelOptions;

  constructor(services: Services, options: ChannelOptions & { readonly authRequired: boolean }) {
    this.#services = services;
    this.#options = options;
    this.requirements = { auth: options.authRequired, user: false, origin: false };
  }

  entrance(url: URL): Entrance | null {
    if (url.pathname !== '/ws/connect') return null;
    checkParameters(url, parameters);
    return {
      channels: [],
      room: null,
      clientId: null,
      name: null,
      watch: false,
      echo: flag(url, 'echo', true),
    };
  }

  refusal(error: FanwireError, retryAfter?: number): string {
    const content = errorContent(error, retryAfter);
    return encodeAnswer({ type: 'error', content }, this.#services.clock.now());
  }

  open(link: Link, _entrance: Entrance, settled: () => void): Session {
    return new ChannelSession(link, this.#services, this.#options, settled);
  }
}
