import { checkChannelName, checkMessageId } from '../../access/names.ts';
import { FanwireError } from '../../errors.ts';
import { checkParameters, flag, requiredParameter, socketParameters } from '../address.ts';
import type { Dialect, Entrance, Link, Requirements, Reservation, Services, Session } from '../dialect.ts';
import { encode, encodeError } from './codec.ts';
import { type RelayOptions, RelaySession } from './session.ts';

const parameters = socketParameters('room', 'client_id');

/** `ws /ws?room=…&client_id=…`: rooms with application-level pings (PROTOCOLS.md, section 1). */
export class RelayDialect implements Dialect {
  readonly name = 'relay';
  readonly requirements: Requirements;
  readonly encode = encode;
  readonly #services: Services;
  readonly #options: RelayOptions & { readonly connectionsPerRoom: number };
  readonly #links = new Map<string, Link>();

  constructor(
    services: Services,
    options: RelayOptions & { readonly authRequired: boolean; readonly connectionsPerRoom: number },
  ) {
    this.#services = services;
    this.#options = options;
    services.shared.places.onReplaced((connection) => this.#links.get(connection)?.close('replaced'));
    this.requirements = { auth: options.authRequired, user: false, origin: false };
  }

  entrance(url: URL): Entrance | null {
    if (url.pathname !== '/ws') return null;
    checkParameters(url, parameters);
    const room = requiredParameter(url, 'room', checkChannelName);
    const clientId = requiredParameter(url, 'client_id', checkMessageId);
    return { channels: [room], room, clientId, name: null, watch: false, echo: flag(url, 'echo', true) };
  }

  async reserve({ room, clientId }: Entrance, connection: string): Promise<Reservation> {
    const { places } = this.#services.shared;
    const name = room ?? '';
    if (await places.enter(name, connection, clientId ?? '')) return () => places.leave(name, connection);
    const limit = this.#options.connectionsPerRoom;
    throw new FanwireError(
      'room_full',
      `room "${name}" has its maximum of ${limit} connections; try again later`,
    );
  }

  refusal({ code, message }: FanwireError, retryAfter?: number): string {
    return encodeError(code, message, retryAfter);
  }

  open(link: Link, { room, clientId }: Entrance, settled: () => void): Session {
    this.#links.set(link.id, link);
    const home = { room: room ?? '', clientId: clientId ?? '' };
    return new RelaySession(link, this.#services, this.#options, home, {
      settled,
      closed: () => this.#links.delete(link.id),
    });
  }
}
