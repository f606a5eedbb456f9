import type { FastifyReply, FastifyRequest } from 'fastify';
import { redact } from '../access/redact.ts';
import type { Log } from '../transport/node.ts';

/** One line for each answer; failures of the server are louder than the rest. */
export function logAnswer(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode: status } = reply;
  const fields = {
    method: request.method,
    path: redact(request.url),
    status,
    ms: Math.round(reply.elapsedTime * 10) / 10,
  };
  if (status < 500) log.debug(fields, 'answered');
  else if (status === 503) log.warn(fields, 'answered: unavailable');
  else log.error(fields, 'answered: failed');
}
