import { checkChannelName } from '../../access/names.ts';
import type { FanwireError } from '../../errors.ts';
import { badParameter, checkParameters, flag, segment, socketParameters } from '../address.ts';
import type { Dialect, Entrance, Link, Requirements, Services, Session } from '../dialect.ts';
import { encode, encodeError } from './codec.ts';
import { type RoomOptions, RoomSession } from './session.ts';

/** The last segment of the channel dialect's address, however it is percent-encoded. */
const channelPath = 'connect';

const parameters = socketParameters('presence');

/** `ws /ws/{room}`: signed-in chat in one room (PROTOCOLS.md, section 2). */
export class RoomDialect implements Dialect {
  readonly name = 'room';
  readonly requirements: Requirements = { auth: true, user: true, origin: true };
  readonly encode = encode;
  readonly #services: Services;
  readonly #options: RoomOptions;

  constructor(services: Services, options: RoomOptions) {
    this.#services = services;
    this.#options = options;
  }

  entrance(url: URL): Entrance | null {
    const encoded = /^\/ws\/([^/]+)$/.exec(url.pathname)?.[1];
    if (encoded === undefined || encoded === channelPath) return null;
    checkParameters(url, parameters);
    const room = segment(encoded, checkChannelName);
    if (room === channelPath) throw badParameter(`room: "${channelPath}" is not a room name here`);
    const watch = flag(url, 'presence', false);
    return { channels: [room], room, clientId: null, name: null, watch, echo: flag(url, 'echo', true) };
  }

  refusal({ code, message }: FanwireError, retryAfter?: number): string {
    return encodeError(code, message, undefined, retryAfter);
  }

  open(link: Link, { room, watch }: Entrance, settled: () => void): Session {
    return new RoomSession(link, this.#services, this.#options, { room: room ?? '', watch }, settled);
  }
}
