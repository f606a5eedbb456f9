import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../access/authenticator.ts';
import type { Gate } from '../access/gate.ts';
import type { OriginRule } from '../access/origin.ts';
import type { Principal } from '../access/principal.ts';
import type { Entrance, Requirements } from '../dialect/dialect.ts';
import { FanwireError } from '../errors.ts';
import type { TransportName } from './capacity.ts';

export interface Admitted {
  readonly principal: Principal;
  /** For `Access-Control-Allow-Origin`; null when no Origin was sent. */
  readonly corsOrigin: string | null;
}

/** The request as both transports see it before they let anyone in. */
export interface Request {
  readonly http: IncomingMessage;
  readonly url: URL;
}

/**
 * What is settled before the upgrade or the stream, in this order: Origin (403), credentials (401), permission for
 * the channels of the address (403). Whether there is room for one more (503) is asked last, in the turn in which the
 * place is taken.
 */
export class Admission {
  readonly #origin: OriginRule;
  readonly #authenticator: Authenticator;
  readonly #gate: Gate;

  constructor(parts: { origin: OriginRule; authenticator: Authenticator; gate: Gate }) {
    this.#origin = parts.origin;
    this.#authenticator = parts.authenticator;
    this.#gate = parts.gate;
  }

  checkOrigin({ http }: Request, required: boolean): string | null {
    const { origin, host } = http.headers;
    const answer = this.#origin.check(origin, host, { required });
    if (answer.ok) return answer.corsOrigin;
    if (origin === undefined) throw new FanwireError('forbidden', 'an Origin header is required here');
    throw new FanwireError(
      'forbidden',
      `Origin ${origin.slice(0, 100)} is not allowed here: add it to ALLOWED_ORIGINS`,
    );
  }

  async admit(
    request: Request,
    entrance: Entrance,
    requirements: Requirements & { readonly transport: TransportName },
  ): Promise<Admitted> {
    const corsOrigin = this.checkOrigin(request, requirements.origin);
    const principal = await this.#authenticator.authenticate(
      { query: request.url.searchParams, headers: request.http.headers },
      {
        required: requirements.auth,
        userRequired: requirements.user,
        allowTicket: requirements.transport === 'sse',
      },
    );
    for (const channel of entrance.channels) this.#gate.check(principal, 'subscribe', channel);
    return { principal, corsOrigin };
  }
}
