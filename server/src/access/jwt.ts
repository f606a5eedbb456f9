import { type CryptoKey, compactVerify, decodeProtectedHeader, errors } from 'jose';
import type { Clock } from '../clock.ts';
import { FanwireError } from '../errors.ts';
import { type ClaimRules, readClaims } from './claims.ts';
import type { Principal } from './principal.ts';
import { type TokenKeyOptions, TokenKeys } from './token-keys.ts';

export interface TokenVerifierOptions extends TokenKeyOptions, ClaimRules {
  /** Tokens that are not valid any more although they verify. @default none */
  readonly revoked?: (principal: Principal) => boolean;
  /** Told of the first token that never expires. @default nobody is */
  readonly onEndless?: () => void;
}

/** Longer tokens are refused before anything in them is read. */
const maxTokenLength = 8192;

interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

/**
 * Checks JWTs. Algorithms are pinned to keys; of a token's header only `alg` and, for a JWKS, `kid` (compared,
 * never followed) are looked at: `jwk`, `jku`, `x5u` and `x5c` mean nothing here.
 */
export class TokenVerifier {
  readonly #keys: TokenKeys;
  readonly #rules: ClaimRules;
  readonly #clock: Clock;
  readonly #revoked: (principal: Principal) => boolean;
  #onEndless: (() => void) | null;

  private constructor(keys: TokenKeys, options: TokenVerifierOptions) {
    const { issuer, audience, expRequired, clock, revoked, onEndless } = options;
    this.#keys = keys;
    this.#rules = { issuer, audience, expRequired };
    this.#clock = clock;
    this.#revoked = revoked ?? (() => false);
    this.#onEndless = onEndless ?? null;
  }

  /**
   * Imports the keys, without going to the network. Throws a StartError that names the setting at fault.
   * Without any key it makes a verifier that refuses every token.
   */
  static async create(options: TokenVerifierOptions): Promise<TokenVerifier> {
    return new TokenVerifier(await TokenKeys.create(options), options);
  }

  /**
   * Throws `unauthorized`, saying which thing is wrong, or `unavailable` if the key set cannot be fetched;
   * neither says anything of the token's text. No claim is looked at before the signature holds.
   */
  async verify(token: string): Promise<Principal> {
    const { alg, kid } = this.#readHeader(token);
    for await (const key of this.#keys.candidates(alg, kid)) {
      const payload = await openWith(key, token, alg);
      if (payload !== null) return this.#admit(readClaims(payload, this.#rules, this.#clock.now()));
    }
    throw refused("the token's signature does not match any key of this server");
  }

  #admit(principal: Principal): Principal {
    if (this.#revoked(principal)) throw refused('the token was revoked; sign in again');
    if (principal.expiresAt === null) {
      this.#onEndless?.();
      this.#onEndless = null;
    }
    return principal;
  }

  #readHeader(token: string): Header {
    const accepted = this.#keys.algorithms;
    if (accepted.size === 0) {
      throw refused('this server accepts no tokens: none of JWT_SECRET, JWT_PUBLIC_KEY and JWKS_URL is set');
    }
    const header = parseHeader(token);
    if (!accepted.has(header.alg)) {
      throw refused(`the token's algorithm is not one that this server accepts: ${[...accepted].join(', ')}`);
    }
    return header;
  }
}

function parseHeader(token: string): Header {
  if (token === '') throw malformed('it is empty');
  if (token.length > maxTokenLength) throw malformed(`it is longer than ${maxTokenLength} characters`);
  const { alg, kid, crit } = decodeHeader(token);
  if (typeof alg !== 'string') throw malformed('its header names no algorithm ("alg")');
  if (kid !== undefined && typeof kid !== 'string') throw malformed('its header\'s "kid" is not a string');
  if (crit !== undefined) throw malformed('its header demands an extension ("crit")');
  return { alg, kid };
}

function decodeHeader(token: string): { alg?: unknown; kid?: unknown; crit?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw malformed('a JWT is three base64url texts joined by dots, the first a JSON object');
  }
}

/** The payload, or null if another key signed it. */
async function openWith(key: CryptoKey, token: string, alg: string): Promise<Uint8Array | null> {
  try {
    return (await compactVerify(token, key, { algorithms: [alg] })).payload;
  } catch (thrown) {
    if (thrown instanceof errors.JWSSignatureVerificationFailed) return null;
    if (thrown instanceof errors.JOSEError) {
      throw malformed('a JWT is three base64url texts joined by dots');
    }
    throw thrown;
  }
}

function malformed(problem: string): FanwireError {
  return refused(`the token is malformed: ${problem}`);
}

function refused(message: string): FanwireError {
  return new FanwireError('unauthorized', message);
}
