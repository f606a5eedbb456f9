import pino from 'pino';
import type { Log } from '../transport/node.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Names of fields whose value is never written, should anyone log a whole object by mistake. */
const secretFields = ['token', 'secret', 'apiKey', 'api_key', 'ticket', 'authorization', 'password'];

/** JSON lines on standard error, so that standard output stays free for what commands print. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** For faults that no client caused: the whole error goes to the log. */
export function faultReporter(log: Log): (thrown: unknown) => void {
  return (thrown) => {
    const error =
      thrown instanceof Error
        ? { message: thrown.message, stack: thrown.stack }
        : { message: String(thrown) };
    log.error({ error }, 'internal fault');
  };
}
