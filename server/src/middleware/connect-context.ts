import type { IncomingMessage } from 'node:http';
import { checkUserId } from '../access/names.ts';
import { parseChannelPermissions } from '../access/permissions.ts';
import { anonymous, type Principal } from '../access/principal.ts';
import type { DialectName, Requirements } from '../dialect/dialect.ts';
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
  #given: Principal | null = null;

  constructor(request: IncomingMessage, channels: readonly string[], { dialect, transport }: Door) {
    this.request = request;
    this.channels = channels;
    this.dialect = dialect;
    this.transport = transport;
  }

  /** Who middleware says it is; null when it leaves that to the credentials. */
  get given(): Principal | null {
    return this.#given;
  }

  authenticate({ user, channels, scopes = [], expiresAt }: Identity): void {
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
