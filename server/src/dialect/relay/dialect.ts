import { checkChannelName, checkMessageId } from '../../access/names.ts';
import { flag, requiredParameter } from '../address.ts';
import type { Dialect, Entrance, Link, Requirements, Services, Session } from '../dialect.ts';
import { encode } from './codec.ts';
import { RelayPlaces } from './places.ts';
import { type RelayOptions, RelaySession } from './session.ts';

/** `ws /ws?room=…&client_id=…`: rooms with application-level pings (PROTOCOLS.md, section 1). */
export class RelayDialect implements Dialect {
  readonly name = 'relay';
  readonly requirements: Requirements;
  readonly encode = encode;
  readonly #services: Services;
  readonly #options: RelayOptions;
  readonly #places: RelayPlaces;

  constructor(
    services: Services,
    options: RelayOptions & { readonly authRequired: boolean; readonly connectionsPerRoom: number },
  ) {
    this.#services = services;
    this.#options = options;
    this.#places = new RelayPlaces(options.connectionsPerRoom);
    this.requirements = { auth: options.authRequired, user: false, origin: false };
  }

  entrance(url: URL): Entrance | null {
    if (url.pathname !== '/ws') return null;
    const room = requiredParameter(url, 'room', checkChannelName);
    const clientId = requiredParameter(url, 'client_id', checkMessageId);
    return { channels: [room], room, clientId, name: null, watch: false, echo: flag(url, 'echo', true) };
  }

  checkPlace({ room, clientId }: Entrance): void {
    this.#places.checkEntrance(room ?? '', clientId ?? '');
  }

  open(link: Link, { room, clientId }: Entrance, settled: () => void): Session {
    const home = { room: room ?? '', clientId: clientId ?? '' };
    return new RelaySession(link, this.#services, this.#options, this.#places, home, settled);
  }
}
