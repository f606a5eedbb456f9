import type { IncomingHttpHeaders } from 'node:http';
import { FanwireError } from '../errors.ts';
import { type ApiKey, type ApiKeys, isSameKey } from './api-keys.ts';
import type { ClientAddress } from './client-address.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { TokenVerifier } from './jwt.ts';
import type { Attempts } from './limits/attempts.ts';
import { anonymous, type Principal, withKey } from './principal.ts';
import type { TicketBook } from './tickets.ts';

export interface AuthenticatorOptions {
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  readonly apiKeys: ApiKeys;
  readonly tickets: TicketBook;
  /** Tokens revoked since their ticket was given out. @default none */
  readonly revoked?: (principal: Principal) => boolean;
  readonly apiKeyHeader: string;
  /** Holds back whoever guesses. @default nobody is */
  readonly attempts?: Attempts;
}

export interface AuthenticationRequest {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Against whom wrong credentials are counted. @default nobody */
  readonly client?: ClientAddress;
  /** What it came over, to be known again by `recall`. @default it is not */
  readonly connection?: object;
}

export interface AuthenticationNeeds {
  /** Whether a request without credentials is refused; otherwise it is anonymous. */
  readonly required: boolean;
  /** Credentials must name a user: an API key alone is refused. @default false */
  readonly userRequired?: boolean;
  /** `?ticket=` is accepted, and used up. @default false */
  readonly allowTicket?: boolean;
}

/** An API key that was accepted, and whom it proved. */
interface Proof {
  readonly apiKey: string;
  readonly principal: Principal;
}

/** From the credentials of a request to its principal. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #apiKeyHeader: string;
  /** By connection: the API key that it presented last, by itself. */
  readonly #proofs = new WeakMap<object, Proof>();

  /** Connections on which a credential was presented that is valid. */
  readonly #known = new WeakSet<object>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#apiKeyHeader = options.apiKeyHeader.toLowerCase();
  }

  /**
   * The principal of a request without a query that presents what this connection presented before, an API key and
   * nothing else; null when it has to be authenticated. Keys are good for as long as the server runs; tokens expire
   * and can be revoked, so none is known again.
   */
  recall(headers: IncomingHttpHeaders, connection: object): Principal | null {
    const proof = this.#proofs.get(connection);
    if (proof === undefined) return null;
    if (headers.authorization !== undefined || headers['sec-websocket-protocol'] !== undefined) return null;
    const presented = headers[this.#apiKeyHeader];
    return typeof presented === 'string' && isSameKey(presented, proof.apiKey) ? proof.principal : null;
  }

  /** Whether a valid credential has been presented on this connection. */
  knows(connection: object): boolean {
    return this.#known.has(connection);
  }

  /**
   * Every credential presented must be valid, even where none is required: who sends an expired token wants to
   * know, not to be somebody else. A token together with an API key gives the token's user with the scopes of
   * both. Throws `unauthorized`; `rate_limited` after too many wrong ones; `bad_request` (400) for credentials that
   * contradict each other; `unavailable` if a token cannot be checked now.
   */
  async authenticate(request: AuthenticationRequest, needs: AuthenticationNeeds): Promise<Principal> {
    const credentials = readCredentials({
      query: request.query,
      headers: request.headers,
      apiKeyHeader: this.#options.apiKeyHeader,
      allowTicket: needs.allowTicket ?? false,
    });
    const principal = await this.#attempt(credentials, request.client);
    const { token, apiKey } = credentials;
    if (request.connection && principal !== null) this.#known.add(request.connection);
    if (request.connection && principal !== null && token === null && apiKey !== null) {
      this.#proofs.set(request.connection, { apiKey, principal });
    }
    if (principal === null) {
      if (needs.required) throw refused(this.#invitation(needs));
      return anonymous;
    }
    if (needs.userRequired && principal.user === null) {
      throw refused('an API key alone is not enough here, because it names no user; present a token as well');
    }
    return principal;
  }

  /** Whether an API key is presented that is one of this server's; anything else is for `authenticate` to say. */
  presentsKey({ query, headers, client }: AuthenticationRequest): boolean {
    const { apiKeys, attempts } = this.#options;
    const header = headers[this.#apiKeyHeader];
    const presented = typeof header === 'string' ? header : query.get('api_key');
    if (presented === null || !apiKeys.configured) return false;
    return (client === undefined || (attempts?.open(client) ?? true)) && apiKeys.find(presented) !== null;
  }

  #attempt(credentials: Credentials, client: ClientAddress | undefined): Promise<Principal | null> {
    const { token, apiKey, ticket } = credentials;
    const { attempts } = this.#options;
    const isNothing = token === null && apiKey === null && ticket === null;
    if (isNothing || client === undefined || !attempts) return this.#identify(credentials);
    return attempts.check(client, () => this.#identify(credentials));
  }

  /** Null if nothing is presented. */
  async #identify({ token, apiKey, ticket }: Credentials): Promise<Principal | null> {
    if (ticket !== null) {
      if (token === null && apiKey === null) return this.#redeem(ticket);
      throw new FanwireError('bad_request', 'present either a ticket or other credentials, not both', {
        status: 400,
      });
    }
    const key = apiKey === null ? null : this.#findKey(apiKey);
    const bearer = token === null ? null : await this.#options.verifier.verify(token);
    return unite(bearer, key);
  }

  async #redeem(ticket: string): Promise<Principal> {
    const principal = await this.#options.tickets.redeem(ticket);
    const revoked = principal !== null && (this.#options.revoked?.(principal) ?? false);
    if (principal !== null && !revoked) return principal;
    throw refused('the ticket is unknown, used or expired; get a new one from POST /sse/ticket');
  }

  #findKey(presented: string): ApiKey {
    const { apiKeys } = this.#options;
    if (!apiKeys.configured) throw refused('this server accepts no API keys: WS_API_KEYS is not set');
    const key = apiKeys.find(presented);
    if (key === null) throw refused('the API key is not one of this server (WS_API_KEYS)');
    return key;
  }

  #invitation({ userRequired, allowTicket }: AuthenticationNeeds): string {
    const ways = [
      'a token as the header "Authorization: Bearer <token>", as ?token= or, from a browser, as the WebSocket subprotocols "bearer, <token>"',
    ];
    if (!userRequired) ways.push(`an API key as the header ${this.#options.apiKeyHeader} or ?api_key=`);
    if (allowTicket) ways.push('a ticket from POST /sse/ticket as ?ticket=');
    return `credentials are required: ${ways.join('; or ')}`;
  }
}

function unite(bearer: Principal | null, key: ApiKey | null): Principal | null {
  if (key === null) return bearer;
  const proved = { keyName: key.name, keyScopes: key.scopes };
  return bearer === null ? { ...withKey(anonymous, proved), via: 'key' } : withKey(bearer, proved);
}

function refused(message: string): FanwireError {
  return new FanwireError('unauthorized', message);
}
