import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../clock.ts';
import { badRequest } from '../errors.ts';
import { checkUserId } from './names.ts';
import { type ChannelsClaim, parseChannelPermissions } from './permissions.ts';
import type { Scope } from './principal.ts';

export interface TokenOrder {
  readonly secret: string;
  readonly algorithm: 'HS256' | 'HS384' | 'HS512';
  /** Becomes `sub`. */
  readonly user: string;
  /** Whole seconds, more than 0. */
  readonly ttlSeconds: number;
  /** Absent: no restriction. */
  readonly channels?: ChannelsClaim;
  readonly scopes?: readonly Scope[];
  readonly issuer?: string | null;
  readonly audience?: string | null;
  readonly clock: Clock;
}

/**
 * A signed token with `sub`, `iat`, `exp` and a random `jti`, which a TokenVerifier of the same settings
 * accepts. Throws `bad_request` or `unauthorized` for an order that no verifier would accept.
 */
export async function signToken(order: TokenOrder): Promise<string> {
  const { ttlSeconds, channels, scopes = [], issuer = null, audience = null } = order;
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) {
    throw badRequest('ttlSeconds: a whole number, more than 0, is expected');
  }
  parseChannelPermissions(channels);
  const now = Math.floor(order.clock.now() / 1000);
  const claims = {
    sub: checkUserId(order.user, 'user'),
    iat: now,
    exp: now + ttlSeconds,
    jti: randomUUID(),
    ...(channels === undefined ? {} : { channels }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(issuer === null ? {} : { iss: issuer }),
    ...(audience === null ? {} : { aud: audience }),
  };
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: order.algorithm, typ: 'JWT' });
  return await jwt.sign(new TextEncoder().encode(order.secret));
}
