import { redact } from '../access/redact.ts';
import type { Log } from '../transport/node.ts';

/** What was asked, and the status that it was answered with. */
interface Answer {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

/**
 * One line for each answer; faults of the server are louder than the rest. That it is full or cannot do something at
 * the moment (503) is no fault, and would be one line for each client of a storm.
 */
export function logAnswer(log: Log, { id, method, url, status }: Answer, ms: number): void {
  const isFault = status >= 500 && status !== 503;
  if (!isFault && log.isLevelEnabled?.('debug') === false) return;
  const fields = {
    request: id,
    method,
    path: redact(url),
    status,
    ms: Math.round(ms * 10) / 10,
  };
  if (isFault) log.error(fields, 'answered: failed');
  else log.debug(fields, 'answered');
}
