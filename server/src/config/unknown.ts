import { distance } from './distance.ts';
import { namesOf, rows, unsupported } from './schema.ts';
import type { Environment } from './sources.ts';

const known: readonly string[] = rows.flatMap(({ setting }) => namesOf(setting));

const own = 'FANWIRE_';

/** Variables of the commands that ask a running server. */
export const clientVariables = {
  url: 'FANWIRE_URL',
  apiKey: 'FANWIRE_API_KEY',
  apiKeyHeader: 'FANWIRE_API_KEY_HEADER',
  token: 'FANWIRE_TOKEN',
} as const;
const client: readonly string[] = Object.values(clientVariables);

/** Variables that begin so are likely meant for this server, so a looser likeness counts as a mistake. */
const families = /^(?:CHAT_|HISTORY_|JWT_|MAX_|MESSAGE_|PRESENCE_|RECOVERY_|RELAY_|SSE_|WEBSOCKET_|WS_)/;

/** Shorter names are near too many others. */
const minLength = 6;

/** A name with another unit, or with none, means the same setting. */
const unit = /_(?:BYTES|MILLISECONDS|MINUTES|MIN|MS|SECONDS|SECS|SEC|S)$/;

export interface UnknownSetting {
  readonly name: string;
  /** The setting that was probably meant. */
  readonly meant: string;
}

/**
 * Variables that are no settings but look like a mistyped one. A server's environment is full of names that are none
 * of its business, so only a close likeness counts.
 */
export function unknownSettings(env: Environment): UnknownSetting[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value || isForeign(name, value)) return [];
    const upper = name.toUpperCase();
    // Where the system does not tell upper from lower case, the same variable was read by its own name.
    if (upper !== name && env[upper] !== undefined) return [];
    const meant = upper.startsWith(own) ? meantByOwn(upper.slice(own.length)) : nearest(upper);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function isForeign(name: string, value: string): boolean {
  if (known.includes(name) || unsupported.includes(name) || client.includes(name)) return true;
  // Kubernetes names the port of each service so: for a service "fanwire" it sets FANWIRE_PORT=tcp://10.0.0.1:8000.
  return /^(?:tcp|udp|sctp):\/\//.test(value);
}

function meantByOwn(name: string): string | undefined {
  return known.includes(name) ? name : nearest(name);
}

function nearest(name: string): string | undefined {
  if (name.length < minLength) return undefined;
  let meant: string | undefined;
  let least = families.test(name) ? 4 : 3;
  for (const candidate of known) {
    if (candidate.length < minLength) continue;
    if (candidate.replace(unit, '') === name.replace(unit, '')) return candidate;
    const far = distance(name, candidate);
    if (far < least && sameWords(name, candidate)) [meant, least] = [candidate, far];
  }
  return meant;
}

/**
 * Whether the words of two names can be mistyped forms of each other: HISTORY_FILE is three letters from HISTORY_TTL,
 * and DATABASE_PASS two from DATABASE_PATH, but these are other words.
 */
function sameWords(a: string, b: string): boolean {
  const [left, right] = [a.split('_'), b.split('_')];
  if (left.length !== right.length) return true;
  return left.every((word, at) => {
    const other = right[at] ?? '';
    return word === other || distance(word, other) * 2 < Math.max(word.length, other.length);
  });
}
