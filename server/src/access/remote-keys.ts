import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type RemoteJWKSet,
} from 'jose';
import type { Clock } from '../clock.ts';
import { FanwireError } from '../errors.ts';

const timeoutMs = 5000;
/** After a good fetch, an unknown key id brings the next one only after this time: no storm by made-up ids. */
const refetchAfterMs = 30_000;
const keepMs = 600_000;
/** After a failed fetch nobody waits for the next one, and no problem is reported, until this time has passed. */
const retryAfterMs = 5000;
const maxBytes = 1_048_576;

/**
 * Public keys from one JWKS address, which the operator chose: nothing in a token ever becomes part of an
 * address (GHSA-j77h-rr39-c552), and redirects are not followed. Keys are kept for 10 minutes.
 */
export class RemoteKeys {
  readonly #set: RemoteJWKSet;
  readonly #clock: Clock;
  readonly #report: (problem: unknown) => void;
  /** Monotonic milliseconds, as all here. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** `report` is told why the set could not be fetched or used, at most once in 5 s. */
  constructor(url: URL, clock: Clock, report: (problem: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
    this.#set = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      // It would measure by the wall clock.
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: this.#fetch,
    });
  }

  /**
   * The keys that may have signed a token with this header; several if the set is ambiguous, none if it has
   * no such key, or only one too weak to prove anything. Throws `unavailable` when the set cannot be had.
   */
  async find(alg: string, kid: string | undefined): Promise<readonly CryptoKey[]> {
    const keys = await this.#select(alg, kid);
    const strong = keys.filter((key) => !isWeak(key));
    if (strong.length < keys.length) {
      this.#reportSometimes(new Error('JWKS_URL has an RSA key of less than 2048 bits, which is not used'));
    }
    return strong;
  }

  async #select(alg: string, kid: string | undefined): Promise<readonly CryptoKey[]> {
    try {
      return [await this.#current(kid === undefined ? { alg } : { alg, kid })];
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey) return [];
      if (thrown instanceof errors.JWKSMultipleMatchingKeys) return await collect(thrown);
      this.#reportSometimes(thrown);
      throw new FanwireError(
        'unavailable',
        'the token cannot be checked now: the key set (JWKS_URL) cannot be fetched; try again',
      );
    }
  }

  /** The key by a set that is fetched again when it is old, and when it has no such key but may have it by now. */
  async #current(header: { alg: string; kid?: string }): Promise<CryptoKey> {
    if (!this.#within(this.#fetchedAt, keepMs) && this.#set.jwks() !== undefined) await this.#set.reload();
    try {
      return await this.#set(header);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown;
      if (this.#within(this.#fetchedAt, refetchAfterMs)) throw thrown;
      await this.#set.reload();
      return await this.#set(header);
    }
  }

  readonly #fetch: FetchImplementation = async (address, options) => {
    if (this.#within(this.#failedAt, retryAfterMs))
      throw new Error('the last fetch of JWKS_URL failed just now');
    try {
      const response = new Response(await readKeySet(await fetch(address, options)));
      this.#fetchedAt = this.#clock.monotonic();
      return response;
    } catch (thrown) {
      this.#failedAt = this.#clock.monotonic();
      throw thrown;
    }
  };

  #reportSometimes(problem: unknown): void {
    if (this.#within(this.#reportedAt, retryAfterMs)) return;
    this.#reportedAt = this.#clock.monotonic();
    this.#report(problem);
  }

  #within(time: number, ms: number): boolean {
    return this.#clock.monotonic() - time < ms;
  }
}

function isWeak({ algorithm }: CryptoKey): boolean {
  return 'modulusLength' in algorithm && Number(algorithm.modulusLength) < 2048;
}

async function collect(keys: AsyncIterable<CryptoKey>): Promise<readonly CryptoKey[]> {
  const collected: CryptoKey[] = [];
  for await (const key of keys) collected.push(key);
  return collected;
}

/** The body, once it is known to be a key set of bearable size. */
async function readKeySet(response: Response): Promise<string> {
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`JWKS_URL answered with HTTP status ${response.status} where 200 is expected`);
  }
  const text = await readBounded(response.body);
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('keys' in parsed) || !Array.isArray(parsed.keys)) {
    throw new Error('JWKS_URL answered with JSON that has no list "keys"');
  }
  return text;
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`JWKS_URL answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
