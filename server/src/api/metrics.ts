import { Type } from 'typebox';
import { failure, send } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { ErrorAnswer } from './schemas.ts';

/** `GET /metrics`: counters that are kept anyway, for Prometheus. */
export const addMetrics: Resource = (app, parts) => {
  const { metrics } = parts;
  if (!metrics) return;
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['management'],
        description: 'Metrics in the text format of Prometheus.',
        response: {
          200: {
            description: 'One metric after the other.',
            content: { 'text/plain': { schema: Type.String() } },
          },
          '4xx': ErrorAnswer,
          '5xx': ErrorAnswer,
        },
      },
      onRequest: new Authorization(parts).need('read'),
    },
    (_request, reply) => {
      metrics
        .text()
        .then((text) => send(reply.type(metrics.contentType), text))
        .catch(failure(reply));
    },
  );
};
