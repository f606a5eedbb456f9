import type { Setting } from '../setting.ts';

export const jwt = {
  secret: {
    env: 'JWT_SECRET',
    aliases: ['WS_JWT_SECRET_KEY'],
    kind: 'secret',
    default: null,
    takes: 'a text, in production of at least 32 bytes',
    shownDefault: 'development: made and kept',
    meaning: 'Key that signs and verifies HS tokens.',
  },
  previousSecret: {
    env: 'JWT_PREVIOUS_SECRET',
    kind: 'secret',
    default: null,
    takes: 'a text, in production of at least 32 bytes',
    meaning: 'Older key whose HS tokens are still accepted, while keys are changed.',
  },
  algorithms: {
    env: 'JWT_ALG',
    aliases: ['WS_JWT_ALGORITHM'],
    kind: 'list',
    default: null,
    takes:
      'one or several, separated by commas, of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519',
    shownDefault: '`HS256`; with a public key or JWKS by type of the key',
    meaning: 'Algorithms that a token may be signed with; one that fits no configured key is an error.',
  },
  publicKey: {
    env: 'JWT_PUBLIC_KEY',
    kind: 'text',
    default: null,
    takes: 'a public key as PEM text (line ends may be written \\n) or the path of a PEM file',
    meaning: 'Key that verifies RS, PS, ES and EdDSA tokens made elsewhere.',
  },
  jwksUrl: {
    env: 'JWKS_URL',
    kind: 'text',
    default: null,
    takes: 'an http or https address without a user name or password',
    meaning: 'Where the public keys of the token issuer are fetched.',
  },
  issuer: {
    env: 'JWT_ISSUER',
    kind: 'text',
    default: null,
    takes: 'a text',
    shownDefault: 'any',
    meaning: 'The `iss` that a token must have.',
  },
  audience: {
    env: 'JWT_AUDIENCE',
    kind: 'text',
    default: null,
    takes: 'a text',
    shownDefault: 'any',
    meaning: 'The `aud` that a token must have.',
  },
  expRequired: {
    env: 'JWT_EXP_REQUIRED',
    kind: 'boolean',
    default: null,
    shownDefault: '`true` in production, else `false`',
    meaning: 'Whether a token without `exp`, which is good for ever, is refused.',
  },
  expiry: {
    env: 'WS_JWT_EXPIRE_MINUTES',
    kind: 'minutes',
    default: 60,
    min: 1,
    max: 525_600,
    meaning: 'For how long tokens that the server makes are valid.',
  },
} as const satisfies Record<string, Setting>;

export interface JwtSettings {
  /**
   * Key of HS tokens, at least 32 bytes in production. Null where only public keys are used, and in development
   * without any key: whoever starts the server then takes the one of `developmentSecret`.
   */
  readonly secret: string | null;
  /** Older key whose HS tokens are still accepted. Default null. */
  readonly previousSecret: string | null;
  /**
   * Algorithms that a token may be signed with; each fits a configured key. Default HS256 where only secrets are used.
   * Empty is derived: HS256 for the secrets, and for each public key those that its type allows.
   */
  readonly algorithms: string[];
  /** SPKI PEM text of an RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519 key. Default null. */
  readonly publicKey: string | null;
  /** http or https address of a JWK set. Default null. */
  readonly jwksUrl: string | null;
  /** The `iss` a token must have. Default null, which is any. */
  readonly issuer: string | null;
  /** The `aud` a token must have. Default null, which is any. */
  readonly audience: string | null;
  /** Whether a token without `exp` is refused. Default: in production. */
  readonly expRequired: boolean;
  /** Milliseconds for which tokens that the server makes are valid. Default 60 min. */
  readonly expiry: number;
}
