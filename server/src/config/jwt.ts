import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Problems, shown } from './problems.ts';
import { type RawSettings, schema } from './schema.ts';
import { takes } from './setting.ts';
import type { JwtSettings } from './settings.ts';

const hmac = ['HS256', 'HS384', 'HS512'];
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const edwards = ['EdDSA', 'Ed25519'];
const curves = new Map([
  ['prime256v1', ['ES256']],
  ['secp384r1', ['ES384']],
  ['secp521r1', ['ES512']],
]);
const asymmetric = [...rsa, ...[...curves.values()].flat(), ...edwards];
const all = [...hmac, ...asymmetric];

const { algorithms, publicKey, jwksUrl } = schema.jwt;

/** A public key and the algorithms that its type allows. */
interface PublicKey {
  readonly pem: string;
  readonly algorithms: readonly string[];
}

/** Checks the keys and that each algorithm fits one of them. */
export function readJwt(raw: RawSettings['jwt'], production: boolean, problems: Problems): JwtSettings {
  const key = raw.publicKey === null ? null : readPublicKey(raw.publicKey, problems);
  const jwks = raw.jwksUrl === null ? null : readJwksUrl(raw.jwksUrl, problems);
  const hasPublic = raw.publicKey !== null || raw.jwksUrl !== null;
  const hasSecret = raw.secret !== null || raw.previousSecret !== null || !(production || hasPublic);
  const listed = raw.algorithms === null ? null : readAlgorithms(raw.algorithms, problems);
  if (listed && !problems.has(publicKey) && !problems.has(algorithms)) {
    const sources = [...(key ? [key.algorithms] : []), ...(raw.jwksUrl === null ? [] : [asymmetric])];
    checkFit(listed, hasSecret ? hmac : [], sources, problems);
  }
  return {
    ...raw,
    publicKey: key?.pem ?? null,
    jwksUrl: jwks,
    algorithms: listed ?? (hasPublic ? [] : ['HS256']),
    expRequired: raw.expRequired ?? production,
  };
}

/** Each algorithm needs a key, and a source of public keys that no algorithm uses is a mistake too. */
function checkFit(
  listed: readonly string[],
  ofSecrets: readonly string[],
  sources: readonly (readonly string[])[],
  problems: Problems,
): void {
  const fitting = [...new Set([...ofSecrets, ...sources.flat()])];
  const unfit = listed.filter((name) => !fitting.includes(name));
  for (const name of unfit) {
    const allowed = fitting.length === 0 ? 'there is none' : `the keys allow ${fitting.join(', ')}`;
    problems.about(algorithms, `names ${name}, which fits no configured key; ${allowed}`);
  }
  if (unfit.length > 0) return;
  const unused = sources.find((source) => !source.some((name) => listed.includes(name)));
  if (unused === undefined) return;
  const needed = unused.join(', ');
  problems.about(algorithms, `names no algorithm of a public key that is configured and takes ${needed}`);
}

function readAlgorithms(text: string, problems: Problems): string[] {
  const names = new Set<string>();
  for (const item of text.split(',').map((part) => part.trim())) {
    const name = all.find((known) => known.toLowerCase() === item.toLowerCase());
    if (name !== undefined) names.add(name);
    else problems.about(algorithms, `names ${shown(item)}; it takes ${takes(algorithms)}`);
  }
  return [...names];
}

function readJwksUrl(text: string, problems: Problems): string | null {
  const url = URL.parse(text);
  const web = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url && web && url.username === '' && url.password === '') return url.href;
  const what = text.includes('@') ? 'is not usable' : `is ${shown(text)}`;
  problems.about(jwksUrl, `${what}; it takes ${takes(jwksUrl)}`);
  return null;
}

function readPublicKey(text: string, problems: Problems): PublicKey | null {
  const refuse = (what: string): null => {
    problems.about(publicKey, `${what}; it takes ${takes(publicKey)}`);
    return null;
  };
  const pem = text.includes('-----BEGIN') ? text.replaceAll('\\n', '\n') : readPemFile(text);
  if (pem === null)
    return refuse(`is neither PEM text nor the path of a file that can be read${pathOf(text)}`);
  if (/PRIVATE KEY-----/.test(pem)) return refuse('holds a private key, which has no business here');
  try {
    const key = createPublicKey(pem);
    const fitting = algorithmsOf(key);
    if (fitting === undefined) return refuse('holds a key of a type that tokens are not signed with');
    if (fitting.length === 0) return refuse('holds an RSA key of less than 2048 bits');
    return { pem: key.export({ type: 'spki', format: 'pem' }), algorithms: fitting };
  } catch {
    return refuse(`holds no public key${pathOf(text)}`);
  }
}

/** Undefined for a type of key that tokens are not signed with, empty for one that is too weak. */
function algorithmsOf(key: KeyObject): readonly string[] | undefined {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048 ? [] : rsa;
    case 'ec':
      return curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
    case 'ed25519':
      return edwards;
    default:
      return undefined;
  }
}

function readPemFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Shown only where it ends like a file name: key material pasted without its PEM lines has no dot. */
function pathOf(text: string): string {
  return /\.\w{1,8}$/.test(text) ? ` (${shown(text)})` : '';
}
