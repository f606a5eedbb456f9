import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { StartError } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The file that is read where it exists, in the working directory. */
export const dotenvPath = '.env';

/** The environment of the process, and what it does not have but the file `.env` does. */
export interface Surroundings {
  readonly env: Environment;
  /** The variables that came from the file. */
  readonly fromFile: ReadonlySet<string>;
}

/**
 * Puts the variables of `.env` beneath those of the process: a variable that is set wins, one that is empty counts as
 * not set. Throws a StartError for a file that is there and cannot be read; its text, which may hold secrets, is in no
 * message.
 */
export function withDotenv(env: Environment, path: string = dotenvPath): Surroundings {
  if (!existsSync(path)) return { env, fromFile: new Set() };
  const added = Object.entries(parseEnv(read(path))).filter(([name, value]) => value && !env[name]);
  return { env: { ...env, ...Object.fromEntries(added) }, fromFile: new Set(added.map(([name]) => name)) };
}

function read(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    throw new StartError(`${path} cannot be read (${code}): mend its rights, or move it away.`);
  }
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\uFEFF/, '');
  throw new StartError(`${path} is not UTF-8 text.`);
}
