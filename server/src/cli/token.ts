import { userIdProblem } from '../access/names.ts';
import { scopes as knownScopes, type Scope } from '../access/principal.ts';
import { signToken } from '../access/token-signer.ts';
import { systemClock } from '../clock.ts';
import type { Settings } from '../config/settings.ts';
import { FanwireError, StartError } from '../errors.ts';
import { withSecret } from '../server.ts';
import { parseDuration } from './duration.ts';

export interface TokenOptions {
  readonly sub: string;
  readonly ttl?: string;
  readonly channels?: string;
  readonly scopes?: string;
}

const sharedSecretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;

/** A token that the server with these settings accepts. Throws a StartError when it cannot make one. */
export async function makeToken(
  given: Settings,
  { sub, ttl, channels, scopes }: TokenOptions,
): Promise<string> {
  const settings = withSecret(given);
  const { secret, algorithms, issuer, audience, expiry } = settings.jwt;
  const algorithm = sharedSecretAlgorithms.find(
    (name) => algorithms.length === 0 || algorithms.includes(name),
  );
  if (secret === null || algorithm === undefined) {
    throw new StartError(
      'JWT_SECRET: tokens are made with a shared secret, and this server only checks a public key.',
    );
  }
  const problem = userIdProblem(sub);
  if (problem !== null) throw new StartError(`--sub: ${problem}.`);
  const ttlSeconds = ttl === undefined ? expiry / 1000 : parseDuration(ttl);
  if (ttlSeconds === null) throw new StartError(`--ttl: "${ttl}" is no duration; write 90s, 15m, 1h or 7d.`);
  return signToken({
    secret,
    algorithm,
    user: sub,
    ttlSeconds,
    ...(channels === undefined ? {} : { channels: list(channels) }),
    ...(scopes === undefined ? {} : { scopes: list(scopes).map(toScope) }),
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
    clock: systemClock,
  }).catch((thrown) => {
    throw thrown instanceof FanwireError ? new StartError(`--channels: ${thrown.message}.`) : thrown;
  });
}

function toScope(name: string): Scope {
  const scope = knownScopes.find((known) => known === name);
  if (scope) return scope;
  throw new StartError(`--scopes: "${name}" is none of ${knownScopes.join(', ')}.`);
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
