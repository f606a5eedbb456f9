import type { ChannelPermissions } from './permissions.ts';

/**
 * What a principal may do beyond the channels themselves: `publish` and `read` over the HTTP API, `manage`
 * connections, tokens and history, `broadcast` to everyone.
 */
export type Scope = 'publish' | 'read' | 'manage' | 'broadcast';

export const scopes: readonly Scope[] = ['publish', 'read', 'manage', 'broadcast'];

/** Who is asking, as proved by the credentials of one request. Times are Unix milliseconds. */
export interface Principal {
  /** The token's `sub`; null for anonymous and for an API key without a token. */
  readonly user: string | null;
  /**
   * What proved it. A token presented together with an API key is `jwt`. Nothing did for a guest (`anonymous`), nor
   * for the `operator`, whom a server whose management is open takes everybody for who asks it over HTTP.
   */
  readonly via: 'anonymous' | 'operator' | 'jwt' | 'key';
  /** The API key's name, for logs; never the key itself. */
  readonly keyName: string | null;
  /** The token's `exp`; null = never. At this very millisecond it has expired. */
  readonly expiresAt: number | null;
  /** The token's `iat`, if it has one. */
  readonly issuedAt: number | null;
  /** The token's `jti`, if it has one: what a revocation names. */
  readonly tokenId: string | null;
  /** From the token's `scope` claim and the API key, united. */
  readonly scopes: ReadonlySet<Scope>;
  /** What of them the API key gives. */
  readonly keyScopes: ReadonlySet<Scope>;
  /** From the token's `channels` claim; null = no restriction. */
  readonly channels: ChannelPermissions | null;
}

/** Someone who presented no credentials. */
export const anonymous: Principal = Object.freeze({
  user: null,
  via: 'anonymous',
  keyName: null,
  expiresAt: null,
  issuedAt: null,
  tokenId: null,
  scopes: new Set<Scope>(),
  keyScopes: new Set<Scope>(),
  channels: null,
});

/** Somebody who presented no credentials where management needs none. */
export const operator: Principal = Object.freeze({ ...anonymous, via: 'operator' });

/** A token's principal, with what an API key that was presented as well gives it. */
export function withKey(
  principal: Principal,
  { keyName, keyScopes }: Pick<Principal, 'keyName' | 'keyScopes'>,
): Principal {
  return { ...principal, keyName, keyScopes, scopes: new Set([...principal.scopes, ...keyScopes]) };
}
