import pino from 'pino';
import { Notice, type UnknownErrorReporter } from '../errors.ts';
import type { Log } from '../transport/node.ts';
import { logSink, type Sink } from './log-sink.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Names of fields whose value is never written, should anyone log a whole object by mistake. */
const secretFields = [
  ...['token', 'jwt', 'secret', 'password', 'apiKey', 'api_key', 'ticket', 'authorization', 'cookie'],
  ...['lastEventId', 'last_event_id'],
];

/** JSON lines, each with the fields of `base`. Credentials are in none of them, whoever logs what. */
export function createLog(
  level: LogLevel,
  sink: Sink = logSink('json'),
  base: Readonly<Record<string, unknown>> | null = null,
): Log {
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (fields) => hide(fields, 0) as Record<string, unknown> },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    sink,
  );
}

/** For faults that no client caused: the whole error goes to the log. A notice is none, and its text is enough. */
export function faultReporter(log: Log, count: () => void): UnknownErrorReporter {
  return (thrown, origin) => {
    if (thrown instanceof Notice) {
      log[thrown.level]({ ...origin }, thrown.message);
      return;
    }
    count();
    const error =
      thrown instanceof Error
        ? { message: thrown.message, stack: thrown.stack }
        : { message: String(thrown) };
    log.error({ ...origin, error }, 'internal fault');
  };
}

/** How deep objects are looked through; nobody logs deeper ones. */
const depthLimit = 4;

/** What got into a text all the same, into an address or the message of a fault, is not written either. */
function hide(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return hideInText(value);
  if (typeof value !== 'object' || value === null || depth === depthLimit) return value;
  if (Array.isArray(value)) return value.map((entry) => hide(entry, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, hide(entry, depth + 1)]));
}

/**
 * JWTs, and what stands before the `@` of an address (`redis://user:password@host`). Words are taken whole and looked
 * at once each, so that no text makes this take more than linear time.
 */
function hideInText(text: string): string {
  const addressed = text.includes('@') ? text.replace(/\/\/[^\s/@]+@/g, '//[redacted]@') : text;
  if (!addressed.includes('eyJ')) return addressed;
  return addressed.replace(/[\w.-]+/g, (word) => (isToken(word) ? '[redacted]' : word));
}

/** Three parts, of which the first begins as JSON does in base64url, perhaps behind something else. */
function isToken(word: string): boolean {
  const parts = word.split('.');
  const first = parts.findIndex((part) => part.includes('eyJ'));
  return first >= 0 && parts.length - first >= 3;
}
