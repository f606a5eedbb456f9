import type { IncomingMessage } from 'node:http';
import { checkUserId } from '../access/names.ts';
import { parseChannelPermissions } from '../access/permissions.ts';
import { anonymous, type Principal } from '../access/principal.ts';
import type { Clock } from '../clock.ts';
import type { DialectName, Requirements } from '../dialect/dialect.ts';
import { FanwireError } from '../errors.ts';
import type { ConnectContext, Identity } from './context.ts';

/** The way in that somebody takes. */
export interface Door extends Requirements {
  readonly dialect: DialectName;
  readonly transport: 'websocket' | 'sse';
}

/** A request to be let in, as middleware sees it. */
export class ConnectRequest implements ConnectContext {
  readonly kind = 'connect';
  readonly transport: 'websocket' | 'sse';
  readonly dialect: DialectName;
  readonly request: IncomingMessage;
  readonly channels: readonly string[];
  readonly state: Record<string, unknown> = {};
  user: string | null = null;
  readonly #clock: Clock;
  #given: Principal | null = null;
  #asked = false;

  constructor(
    request: IncomingMessage,
    channels: readonly string[],
    { dialect, transport }: Door,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.request = request;
    this.channels = channels;
    this.dialect = dialect;
    this.transport = transport;
  }

  /** Who middleware says it is; null when it leaves that to the credentials. From now on it cannot be said any more. */
  takeGiven(): Principal | null {
    this.#asked = true;
    return this.#given;
  }

  authenticate({ user, channels, scopes = [], expiresAt }: Identity): void {
    if (this.#asked) throw new Error('authenticate() has to be called before next()');
    if (expiresAt !== undefined && expiresAt <= this.#clock.now()) {
      throw new FanwireError('unauthorized', 'the session has expired');
    }
    this.#given = {
      ...anonymous,
      user: checkUserId(user, 'user'),
      via: 'jwt',
      scopes: new Set(scopes),
      channels: parseChannelPermissions(channels),
      expiresAt: expiresAt ?? null,
    };
  }
}
