import { isatty } from 'node:tty';
import pino from 'pino';
import { textLine } from './text-lines.ts';

export type LogFormat = 'auto' | 'json' | 'text';

/** Where lines of JSON go. */
export interface Sink {
  write(line: string): void;
}

/** Of standard error, so that standard output stays free for what commands print. */
const fd = 2;

/** Standard error, with lines for people where they are wanted, or where `auto` finds a terminal. */
export function logSink(format: LogFormat, env: NodeJS.ProcessEnv = process.env): Sink {
  const terminal = isatty(fd);
  const out = pino.destination({ fd, sync: true });
  if (format === 'json' || (format === 'auto' && !terminal)) return out;
  const coloured = terminal && !env.NO_COLOR && env.TERM !== 'dumb';
  return { write: (line) => void out.write(textLine(line, coloured)) };
}
