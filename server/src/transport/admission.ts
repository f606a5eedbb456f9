import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { ClientAddress } from '../access/client-address.ts';
import type { Gate } from '../access/gate.ts';
import type { HostRule } from '../access/host.ts';
import type { Cors, OriginRule } from '../access/origin.ts';
import type { Principal } from '../access/principal.ts';
import type { Clock } from '../clock.ts';
import type { Entrance } from '../dialect/dialect.ts';
import { FanwireError } from '../errors.ts';
import { ConnectRequest, type Door } from '../middleware/connect-context.ts';
import type { Pipeline } from '../middleware/pipeline.ts';

export interface Admitted {
  readonly principal: Principal;
  readonly client: ClientAddress;
  /** What the page that asks may do with the answer. */
  readonly cors: Cors;
}

/** The request as both transports see it before they let anyone in. */
export interface Request {
  readonly http: IncomingMessage;
  readonly url: URL;
}

/** One whose client was found. */
export interface Knocked extends Request {
  readonly client: ClientAddress;
}

interface AdmissionParts {
  readonly callers: Callers;
  readonly host: HostRule;
  readonly origin: OriginRule;
  readonly authenticator: Authenticator;
  readonly gate: Gate;
  readonly pipeline: Pipeline;
  readonly clock: Clock;
}

/**
 * What is settled before the upgrade or the stream, in this order: the network (403) and how often it knocks (429),
 * Host (421), Origin (403), credentials (401), permission for the channels of the address (403). Whether there is room for one more
 * (429, 503) is asked last, in the turn in which the place is taken.
 */
export class Admission {
  readonly #callers: Callers;
  readonly #host: HostRule;
  readonly #origin: OriginRule;
  readonly #authenticator: Authenticator;
  readonly #gate: Gate;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;

  constructor(parts: AdmissionParts) {
    this.#callers = parts.callers;
    this.#host = parts.host;
    this.#origin = parts.origin;
    this.#authenticator = parts.authenticator;
    this.#gate = parts.gate;
    this.#pipeline = parts.pipeline;
    this.#clock = parts.clock;
  }

  /** Somebody knocks, at whichever address: throws `forbidden` or `rate_limited`. API keys knock as often as they like. */
  knock({ http, url }: Request): ClientAddress {
    const client = this.#callers.admit(http);
    const key = { query: url.searchParams, headers: http.headers, client };
    if (!this.#authenticator.presentsKey(key)) this.#callers.limits.connect(client);
    return client;
  }

  checkOrigin({ http }: Request, required: boolean): Cors {
    const { origin, host } = http.headers;
    const answer = this.#origin.check(origin, host, { required });
    if (answer.ok) return answer;
    if (origin === undefined) throw new FanwireError('forbidden', 'an Origin header is required here');
    throw new FanwireError(
      'forbidden',
      `Origin ${origin.slice(0, 100)} is not allowed here: add it to ALLOWED_ORIGINS`,
    );
  }

  /** Through the middleware, where there is any. */
  async admit(request: Knocked, entrance: Entrance, door: Door): Promise<Admitted> {
    if (this.#pipeline.empty) return this.#admit(request, entrance, door, null);
    const context = new ConnectRequest(request.http, entrance.channels, door, this.#clock);
    let admitted: Admitted | null = null;
    await this.#pipeline.connect(context, async () => {
      admitted = await this.#admit(request, entrance, door, context.takeGiven());
      context.user = admitted.principal.user;
    });
    return admitted ?? Promise.reject(new Error('let in by nobody'));
  }

  /** `given` is who it is, when somebody else than its credentials says so. */
  async #admit(request: Knocked, entrance: Entrance, door: Door, given: Principal | null): Promise<Admitted> {
    const known = given ?? (await this.#identify(request, door));
    const cors = this.checkOrigin(request, door.origin);
    const principal = known ?? (await this.#authenticate(request, door, door.auth));
    this.#callers.limits.connectAs(request.client, principal);
    for (const channel of entrance.channels) this.#gate.check(principal, 'subscribe', channel);
    return { principal, client: request.client, cors };
  }

  /** Who asks, where the Host of the request lets in only who has a valid credential; elsewhere null. */
  async #identify(request: Knocked, door: Door): Promise<Principal | null> {
    const { host } = request.http.headers;
    if (this.#host.answers(host)) return null;
    return this.#host.identify(host, this.#authenticate(request, door, true));
  }

  #authenticate(
    { url, http, client }: Knocked,
    { user, transport }: Door,
    required: boolean,
  ): Promise<Principal> {
    return this.#authenticator.authenticate(
      { query: url.searchParams, headers: http.headers, client },
      { required, userRequired: user, allowTicket: transport === 'sse' },
    );
  }
}
