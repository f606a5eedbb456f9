import { hash, timingSafeEqual } from 'node:crypto';
import { StartError } from '../errors.ts';
import { type Scope, scopes } from './principal.ts';

/** One key of WS_API_KEYS. Only its SHA-256 is kept, so nothing that prints this can print the key. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly digest: Buffer;
}

/** What a key has to be. */
export interface KeyRules {
  readonly minLength: number;
  /** What is wrong with a key that can be guessed; follows "entry 1". @default nothing is */
  weakness?(key: string): string | undefined;
}

const grantable: readonly Scope[] = ['publish', 'read', 'manage'];
/** Shorter keys can be guessed: production takes none. */
export const minProductionLength = 16;
const namePattern = /^[A-Za-z0-9._-]{1,64}$/;
const keyPattern = /^[\x21-\x7e]+$/;

/**
 * Reads WS_API_KEYS: entries separated by commas, each `name:scopes:key` with scopes of `publish`, `read` and
 * `manage` joined by `+`, or a bare key, which has all scopes and is called `key1`, `key2`, … by its place.
 * `publish` includes `broadcast`. Throws a StartError that names an entry by its number and shows none of its
 * text: any part of a mistyped entry may be the key.
 */
export function parseApiKeys(text: string, rules: KeyRules = { minLength: minProductionLength }): ApiKey[] {
  if (text.trim() === '') return [];
  const keys = text.split(',').map((entry, at) => parseEntry(entry.trim(), at + 1, rules));
  keys.forEach((key, at) => {
    checkUnique(key, keys.slice(0, at), at + 1);
  });
  return keys;
}

/** The keys that the server accepts. */
export class ApiKeys {
  readonly #keys: readonly ApiKey[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys;
  }

  get configured(): boolean {
    return this.#keys.length > 0;
  }

  /** Takes the same time for every wrong key: it compares digests, and always all of them. */
  find(presented: string): ApiKey | null {
    const digest = digestOf(presented);
    let found: ApiKey | null = null;
    for (const key of this.#keys) {
      if (timingSafeEqual(key.digest, digest)) found = key;
    }
    return found;
  }
}

/**
 * Whether a key is the one that was accepted before. Where it differs does not show in the time this takes: behind a
 * proxy that shares its connections, who presents a key may be somebody else than before. The length is no secret.
 */
export function isSameKey(presented: string, accepted: string): boolean {
  if (presented.length !== accepted.length) return false;
  let difference = 0;
  for (let at = 0; at < presented.length; at++)
    difference |= presented.charCodeAt(at) ^ accepted.charCodeAt(at);
  return difference === 0;
}

function parseEntry(entry: string, number: number, rules: KeyRules): ApiKey {
  if (entry === '') throw wrong(number, 'is empty; remove the extra comma');
  const [name = '', scopeText = '', ...rest] = entry.split(':');
  if (!entry.includes(':')) return makeKey(`key${number}`, new Set(scopes), entry, number, rules);
  if (rest.length === 0) throw wrong(number, 'has two parts; write name:scopes:key, or the key alone');
  if (!namePattern.test(name)) {
    throw wrong(number, 'has a name that is not 1 to 64 letters, digits, ".", "_" or "-"');
  }
  return makeKey(name, parseScopes(scopeText, number), rest.join(':'), number, rules);
}

function parseScopes(text: string, number: number): ReadonlySet<Scope> {
  const named = text.split('+');
  if (!named.every((name) => grantable.some((scope) => scope === name))) {
    throw wrong(number, `has scopes other than ${grantable.join(', ')} joined by "+"`);
  }
  const granted = grantable.filter((scope) => named.includes(scope));
  return new Set(granted.includes('publish') ? [...granted, 'broadcast'] : granted);
}

function makeKey(
  name: string,
  granted: ReadonlySet<Scope>,
  key: string,
  number: number,
  { minLength, weakness }: KeyRules,
): ApiKey {
  if (key.length < minLength) {
    throw wrong(
      number,
      key === ''
        ? 'has an empty key'
        : `has a key of fewer than ${minLength} characters; make one with: openssl rand -hex 16`,
    );
  }
  if (!keyPattern.test(key)) throw wrong(number, 'has a key with spaces or characters outside of ASCII');
  const weak = weakness?.(key);
  if (weak !== undefined) throw wrong(number, weak);
  return { name, scopes: granted, digest: digestOf(key) };
}

function checkUnique(key: ApiKey, earlier: readonly ApiKey[], number: number): void {
  const sameName = earlier.findIndex(({ name }) => name === key.name);
  if (sameName !== -1) throw wrong(number, `has the same name as entry ${sameName + 1}`);
  const sameKey = earlier.findIndex(({ digest }) => digest.equals(key.digest));
  if (sameKey !== -1) throw wrong(number, `has the same key as entry ${sameKey + 1}`);
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

function wrong(number: number, problem: string): StartError {
  return new StartError(`WS_API_KEYS: entry ${number} ${problem}.`);
}
