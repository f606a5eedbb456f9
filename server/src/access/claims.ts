import { FanwireError } from '../errors.ts';
import { userIdProblem } from './names.ts';
import { parseChannelPermissions } from './permissions.ts';
import { anonymous, type Principal, type Scope, scopes } from './principal.ts';

/** What the claims of a token must say; null = anything. */
export interface ClaimRules {
  readonly issuer: string | null;
  readonly audience: string | null;
  /** Whether a token has to expire. */
  readonly expRequired: boolean;
}

/** How far the issuer's clock may run ahead of ours, for `nbf` and `iat`. `exp` has no such grace. */
const toleranceMs = 5000;

/** Beyond this many seconds a time is not exact in milliseconds any more. */
const maxSeconds = 2 ** 53 / 1000;

/**
 * A time from this number on is one in milliseconds that somebody forgot to divide: as seconds it lies beyond the year
 * 5138, and a token would be good for ever where it was meant for an hour.
 */
const leastMilliseconds = 1e11;

/** The claims that mean something here, as they came. */
type Claims = {
  readonly [claim in 'iss' | 'aud' | 'sub' | 'exp' | 'nbf' | 'iat' | 'jti' | 'scope' | 'channels']?: unknown;
};

/**
 * From the payload of a token whose signature holds to its principal. `now` is in Unix milliseconds.
 * Throws `unauthorized`, saying which claim is wrong and never what the token contains.
 */
export function readClaims(payload: Uint8Array, rules: ClaimRules, now: number): Principal {
  const claims = parseClaims(payload);
  const expiresAt = readExpiry(claims, rules.expRequired, now);
  checkNotBefore(claims, now);
  const issuedAt = readIssuedAt(claims, now);
  checkIssuer(claims, rules.issuer);
  checkAudience(claims, rules.audience);
  return {
    ...anonymous,
    user: readSubject(claims),
    via: 'jwt',
    expiresAt,
    issuedAt,
    tokenId: readTokenId(claims),
    scopes: readScopes(claims),
    channels: parseChannelPermissions(claims.channels),
  };
}

function parseClaims(payload: Uint8Array): Claims {
  try {
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (isObject(claims)) return claims;
  } catch {
    // The parser's message quotes the payload: it goes no further.
  }
  throw refused('the token is malformed: its payload is not a JSON object');
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readExpiry(claims: Claims, required: boolean, now: number): number | null {
  const expiresAt = readTime(claims, 'exp');
  if (expiresAt === null && required) {
    throw refused('the token has no claim exp; tokens that never expire are refused (JWT_EXP_REQUIRED)');
  }
  if (expiresAt !== null && expiresAt <= now) throw refused('the token has expired; get a fresh one');
  return expiresAt;
}

function checkNotBefore(claims: Claims, now: number): void {
  const notBefore = readTime(claims, 'nbf');
  if (notBefore !== null && notBefore > now + toleranceMs) {
    throw refused('the token is not valid yet: its claim nbf lies in the future');
  }
}

function readIssuedAt(claims: Claims, now: number): number | null {
  const issuedAt = readTime(claims, 'iat');
  if (issuedAt !== null && issuedAt > now + toleranceMs) {
    throw refused("the token's claim iat lies in the future; compare the clocks of issuer and server");
  }
  return issuedAt;
}

/** A time claim in Unix milliseconds; null if absent. */
function readTime(claims: Claims, name: 'exp' | 'nbf' | 'iat'): number | null {
  const seconds = claims[name];
  if (seconds === undefined) return null;
  if (typeof seconds !== 'number' || !(Math.abs(seconds) <= maxSeconds)) {
    throw refused(`the token's claim ${name}: a number of seconds since 1970 is expected`);
  }
  if (seconds >= leastMilliseconds) {
    throw refused(
      `the token's claim ${name} is in milliseconds, as it seems: it has to be in seconds since 1970`,
    );
  }
  return Math.floor(seconds * 1000);
}

function checkIssuer(claims: Claims, issuer: string | null): void {
  if (issuer === null || claims.iss === issuer) return;
  throw refused('the token comes from another issuer (claim iss) than the one of this server (JWT_ISSUER)');
}

function checkAudience(claims: Claims, audience: string | null): void {
  const presented = claims.aud;
  if (audience === null || presented === audience) return;
  if (Array.isArray(presented) && presented.includes(audience)) return;
  throw refused('the token is for another audience (claim aud) than this server (JWT_AUDIENCE)');
}

function readSubject(claims: Claims): string {
  const subject = claims.sub;
  const problem = userIdProblem(subject);
  if (problem !== null || typeof subject !== 'string') {
    throw refused(`the token's claim sub, the user's id: ${problem}`);
  }
  return subject;
}

function readTokenId(claims: Claims): string | null {
  const id = claims.jti;
  if (id === undefined) return null;
  if (typeof id !== 'string' || id === '')
    throw refused("the token's claim jti: a string that is not empty is expected");
  return id;
}

/** OAuth style: names separated by spaces. Names of other systems (`openid`, `email`) are passed over. */
function readScopes(claims: Claims): ReadonlySet<Scope> {
  const text = claims.scope;
  if (text === undefined) return new Set();
  if (typeof text !== 'string') {
    throw refused("the token's claim scope: one string of names separated by spaces is expected");
  }
  const named = new Set(text.split(' '));
  return new Set(scopes.filter((scope) => named.has(scope)));
}

function refused(message: string): FanwireError {
  return new FanwireError('unauthorized', message);
}
