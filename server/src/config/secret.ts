import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { ownership } from '../ownership.ts';
import type { Problems } from './problems.ts';
import { schema } from './schema.ts';
import type { SecretSetting } from './setting.ts';
import type { JwtSettings, Settings } from './settings.ts';
import { strengthOf } from './strength.ts';

const leastBytes = 32;
/** Bits, by `strengthOf`. Who has one token can try secrets as fast as machines can. */
const leastBits = 64;
/** An API key can only be tried at the server itself. */
const leastKeyBits = 32;
const howTo = 'make one with: openssl rand -base64 32';

/** Secrets that stand in tutorials and templates, as `plain` writes them. Who knows them can sign any token. */
const published: ReadonlySet<string> = new Set([
  'changeme',
  'changethis',
  'changeit',
  'secret',
  'secretkey',
  'supersecret',
  'supersecretkey',
  'mysecret',
  'mysecretkey',
  'password',
  'jwtsecret',
  'yoursecret',
  'yoursecretkey',
  'yoursecretkeyhere',
  'yourjwtsecret',
  'yoursecretkeychangeinproduction',
  'yoursecretkeychangethisinproduction',
  'yoursecretkeyherechangeinproduction',
  'yoursupersecretkeychangethisinproduction',
  'changethissecretkeyinproduction',
  'changemeinproduction',
  'your256bitsecret',
  'your512bitsecret',
  // jwt.io, Supabase's .env.example, and the FastAPI tutorial
  'astringsecretatleast256bitslong',
  'yoursupersecretjwttokenwithatleast32characterslong',
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
]);

/** Reports a secret that others could know or guess. Development takes any but a PEM key. */
export function checkSecrets(jwt: JwtSettings, production: boolean, problems: Problems): void {
  checkSecret(schema.jwt.secret, jwt.secret, production, problems);
  checkSecret(schema.jwt.previousSecret, jwt.previousSecret, production, problems);
  const keySet = [schema.jwt.publicKey, schema.jwt.jwksUrl].some((setting) => problems.has(setting));
  if (!production || jwt.secret !== null || jwt.publicKey !== null || jwt.jwksUrl !== null || keySet) return;
  problems.about(
    schema.jwt.secret,
    'is not set, and production makes none up; set it to at least 32 random bytes (openssl rand -base64 32), or set JWT_PUBLIC_KEY or JWKS_URL',
  );
}

function checkSecret(
  setting: SecretSetting,
  secret: string | null,
  production: boolean,
  problems: Problems,
): void {
  if (secret === null) return;
  const fault = looksLikePem(secret) ?? (production ? weakness(secret) : undefined);
  if (fault !== undefined) problems.about(setting, fault);
}

/** The attack: a public key taken for an HMAC secret lets everybody who knows it, which is everybody, sign. */
function looksLikePem(secret: string): string | undefined {
  const isPem = secret.includes('-----BEGIN ');
  return isPem ? 'holds a PEM key, not a shared secret; a public key belongs into JWT_PUBLIC_KEY' : undefined;
}

function weakness(secret: string): string | undefined {
  if (published.has(plain(secret))) return `is a placeholder that everybody knows; ${howTo}`;
  const bytes = Buffer.byteLength(secret);
  if (bytes < leastBytes) {
    return `has ${bytes} bytes, which can be guessed; production takes at least ${leastBytes}; ${howTo}`;
  }
  return strengthOf(secret) < leastBits ? `${guessable}; ${howTo}` : undefined;
}

const guessable = 'can be guessed: it repeats itself, or is made of sequences or common words';

/** What is wrong with an API key in production; follows the number of its entry. */
export function keyWeakness(key: string): string | undefined {
  return strengthOf(key) < leastKeyBits ? `has a key that ${guessable}; ${howTo}` : undefined;
}

function plain(secret: string): string {
  return secret.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** A development server without any key makes its own secret; see `developmentSecret`. */
export function needsDevelopmentSecret({ production, jwt }: Settings): boolean {
  return !production && jwt.secret === null && jwt.publicKey === null && jwt.jwksUrl === null;
}

/**
 * The secret of a development server: 64 hex digits in `<directory>/jwt-secret`, made at the first start and readable
 * by its owner only. Processes that start at the same time get the same one. Throws a StartError when the file cannot
 * be made or read, is not a plain file, or holds something else.
 */
export function developmentSecret(directory: string): string {
  const path = join(directory, 'jwt-secret');
  try {
    return readSecret(path) ?? makeSecret(directory, path);
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw notPlain(path);
    throw new StartError(
      `The development secret ${path} cannot be read or made: ${message}. ${ownership(path)}`,
      {
        cause: thrown,
      },
    );
  }
}

function notPlain(path: string): StartError {
  return new StartError(`The development secret ${path} is not a plain file; remove it, or set JWT_SECRET.`);
}

/** Null when there is no such file. Never follows a link, never waits for a pipe. */
function readSecret(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw notPlain(path);
    if ((status.mode & 0o077) !== 0) fchmodSync(file, 0o600);
    const text = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(text)) return text;
  } finally {
    closeSync(file);
  }
  throw new StartError(`${path} does not hold 64 hex digits; remove it to have a new secret made.`);
}

/** The file gets its name only when it is complete, and the first to name it wins. */
function makeSecret(directory: string, path: string): string {
  mkdirSync(directory, { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString('hex')}\n`);
    fsyncSync(file);
    linkSync(draft, path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
  const secret = readSecret(path);
  if (secret === null) throw new StartError(`The development secret ${path} was removed while it was made.`);
  return secret;
}
