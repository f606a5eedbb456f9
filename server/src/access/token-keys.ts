import { createPublicKey, type KeyObject } from 'node:crypto';
import { type CryptoKey, importSPKI } from 'jose';
import type { Clock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { RemoteKeys } from './remote-keys.ts';

/** Where the keys come from that tokens are checked with. Null = not set. */
export interface TokenKeyOptions {
  readonly secret: string | null;
  /** The secret before the last change: tokens signed with it still pass. */
  readonly previousSecret: string | null;
  /**
   * The algorithms that tokens may use (JWT_ALG); each key serves those of its own type only. Empty is HS256 for
   * the secrets, and for public keys all of their type.
   */
  readonly algorithms: readonly string[];
  /** PEM: a public key (SPKI), or an X.509 certificate, of which only the key is used. `\n` may be escaped. */
  readonly publicKey: string | null;
  readonly jwksUrl: string | null;
  readonly clock: Clock;
  /** Told why the key set at `jwksUrl` could not be fetched, at most once in 5 s. */
  readonly report?: (problem: unknown) => void;
}

const hmacHashes: ReadonlyMap<string, string> = new Map([
  ['HS256', 'SHA-256'],
  ['HS384', 'SHA-384'],
  ['HS512', 'SHA-512'],
]);
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const edAlgorithms = ['EdDSA', 'Ed25519'];
const curveAlgorithms: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);
const publicAlgorithms = [...rsaAlgorithms, ...curveAlgorithms.values(), ...edAlgorithms];
const knownAlgorithms = [...hmacHashes.keys(), ...publicAlgorithms];

/** Keys by the algorithm that they verify. */
type KeyFile = Map<string, CryptoKey[]>;

/**
 * Every key that may have signed a token, filed by algorithm. The type of a key decides which algorithms it is
 * filed under, so a public key never verifies an HMAC, whatever a token's header says.
 */
export class TokenKeys {
  readonly #fixed: KeyFile;
  readonly #remote: RemoteKeys | null;
  readonly #remoteAlgorithms: ReadonlySet<string>;
  /** The algorithms that some key serves; none if no key is set. */
  readonly algorithms: ReadonlySet<string>;

  private constructor(fixed: KeyFile, remote: RemoteKeys | null, algorithms: readonly string[]) {
    this.#fixed = fixed;
    this.#remote = remote;
    this.#remoteAlgorithms = new Set(remote === null ? [] : publicOf(algorithms));
    this.algorithms = new Set([...fixed.keys(), ...this.#remoteAlgorithms]);
  }

  /** Imports the keys; nothing is fetched yet. Throws a StartError that names the setting to change. */
  static async create(options: TokenKeyOptions): Promise<TokenKeys> {
    const algorithms = pinned(options.algorithms);
    const { secret, previousSecret } = options;
    const fixed: KeyFile = new Map();
    await addSecret(fixed, secret, 'JWT_SECRET', algorithms);
    await addSecret(fixed, previousSecret, 'JWT_PREVIOUS_SECRET', algorithms);
    await addPublicKey(fixed, options.publicKey, algorithms);
    const keys = new TokenKeys(fixed, openRemote(options, algorithms), algorithms);
    if (keys.algorithms.size === 0 && (secret ?? previousSecret) !== null) throw uselessSecret(algorithms);
    return keys;
  }

  /** The keys to try for a token, own ones first; the JWKS is asked only when none of them fitted. */
  async *candidates(alg: string, kid: string | undefined): AsyncIterable<CryptoKey> {
    yield* this.#fixed.get(alg) ?? [];
    if (this.#remote !== null && this.#remoteAlgorithms.has(alg)) yield* await this.#remote.find(alg, kid);
  }
}

function pinned(algorithms: readonly string[]): readonly string[] {
  if (algorithms.length === 0) return ['HS256', ...publicAlgorithms];
  const unknown = algorithms.find((name) => !knownAlgorithms.includes(name));
  if (unknown === undefined) return algorithms;
  throw new StartError(
    `JWT_ALG names "${unknown}", which is not accepted: use ${knownAlgorithms.join(', ')}.`,
  );
}

async function addSecret(
  keys: KeyFile,
  secret: string | null,
  setting: string,
  algorithms: readonly string[],
): Promise<void> {
  if (secret === null) return;
  checkSecret(secret, setting);
  for (const [algorithm, hash] of hmacHashes) {
    if (!algorithms.includes(algorithm)) continue;
    file(keys, algorithm, await importSecret(secret, hash));
  }
}

/** A public key used as an HMAC secret would let everyone who knows it, that is everyone, sign tokens. */
function checkSecret(secret: string, setting: string): void {
  if (secret === '') throw new StartError(`${setting} is empty: set at least 32 random bytes, or remove it.`);
  if (secret.includes('-----BEGIN ')) {
    throw new StartError(
      `${setting} holds a PEM key, not a shared secret: put a public key into JWT_PUBLIC_KEY and set JWT_ALG to its algorithm.`,
    );
  }
}

async function importSecret(secret: string, hash: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['verify']);
}

async function addPublicKey(keys: KeyFile, pem: string | null, algorithms: readonly string[]): Promise<void> {
  if (pem === null) return;
  const key = readPublicKey(pem.replaceAll('\\n', '\n'));
  const own = algorithmsOf(key);
  const usable = own.filter((name) => algorithms.includes(name));
  if (usable.length === 0) {
    throw new StartError(
      `JWT_PUBLIC_KEY is for ${own.join(', ')}, but JWT_ALG is ${algorithms.join(', ')}: set JWT_ALG to the algorithm that the tokens are signed with.`,
    );
  }
  const spki = key.export({ type: 'spki', format: 'pem' }).toString();
  for (const algorithm of usable) file(keys, algorithm, await importSPKI(spki, algorithm));
}

function readPublicKey(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY-----')) {
    throw new StartError(
      'JWT_PUBLIC_KEY holds a private key: give this server the public half only (openssl pkey -in key.pem -pubout).',
    );
  }
  try {
    return createPublicKey(pem);
  } catch {
    throw new StartError(
      'JWT_PUBLIC_KEY cannot be read: it must be a PEM text that begins with "-----BEGIN PUBLIC KEY-----" or "-----BEGIN CERTIFICATE-----".',
    );
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    if ((details?.modulusLength ?? 0) >= 2048) return rsaAlgorithms;
    throw new StartError('JWT_PUBLIC_KEY is an RSA key of less than 2048 bits: make a longer one.');
  }
  if (key.asymmetricKeyType === 'ed25519') return edAlgorithms;
  const onCurve = curveAlgorithms.get(details?.namedCurve ?? '');
  if (onCurve !== undefined) return [onCurve];
  throw new StartError(
    'JWT_PUBLIC_KEY is of a type that cannot be used: it must be RSA, EC on P-256, P-384 or P-521, or Ed25519.',
  );
}

function openRemote(
  { jwksUrl, clock, report }: TokenKeyOptions,
  algorithms: readonly string[],
): RemoteKeys | null {
  if (jwksUrl === null) return null;
  const url = URL.parse(jwksUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new StartError('JWKS_URL must be an address that begins with https:// and has no user name in it.');
  }
  if (publicOf(algorithms).length === 0) {
    throw new StartError(
      `JWKS_URL gives public keys, but JWT_ALG is ${algorithms.join(', ')}: set JWT_ALG to the algorithm that the tokens are signed with, such as RS256.`,
    );
  }
  return new RemoteKeys(url, clock, report ?? (() => {}));
}

function publicOf(algorithms: readonly string[]): readonly string[] {
  return algorithms.filter((name) => publicAlgorithms.includes(name));
}

function uselessSecret(algorithms: readonly string[]): StartError {
  return new StartError(
    `JWT_SECRET can check HS256, HS384 and HS512 only, but JWT_ALG is ${algorithms.join(', ')}: set JWT_ALG to HS256, or set JWT_PUBLIC_KEY or JWKS_URL.`,
  );
}

function file(keys: KeyFile, algorithm: string, key: CryptoKey): void {
  const filed = keys.get(algorithm);
  if (filed === undefined) keys.set(algorithm, [key]);
  else filed.push(key);
}
