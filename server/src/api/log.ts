import type { FastifyReply, FastifyRequest } from 'fastify';
import { redact } from '../access/redact.ts';
import type { Log } from '../transport/node.ts';

/** A logger that knows its level is not handed what it would not write. */
interface Leveled extends Log {
  readonly isLevelEnabled?: (level: string) => boolean;
}

/**
 * One line for each answer; faults of the server are louder than the rest. That it is full or cannot do something at
 * the moment (503) is no fault, and would be one line for each client of a storm.
 */
export function logAnswer(log: Leveled, request: FastifyRequest, reply: FastifyReply, ms: number): void {
  const { statusCode: status } = reply;
  const isFault = status >= 500 && status !== 503;
  if (!isFault && log.isLevelEnabled?.('debug') === false) return;
  const fields = {
    request: request.id,
    method: request.method,
    path: redact(request.url),
    status,
    ms: Math.round(ms * 10) / 10,
  };
  if (isFault) log.error(fields, 'answered: failed');
  else log.debug(fields, 'answered');
}
