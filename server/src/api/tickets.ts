import { Type } from 'typebox';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers } from './schemas.ts';

const TicketAnswer = Type.Object(
  {
    ticket: Type.String({ description: 'For `?ticket=` of `GET /sse/connect`; it works once.' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
  },
  { examples: [{ ticket: 'Vq3…', expires_in: 30 }] },
);

/** `POST /sse/ticket`: a stand-in for credentials that an EventSource, which sends no headers, can carry. */
export const addTickets: Resource = (app, parts) => {
  const onRequest = new Authorization(parts).identify({ required: parts.policy.sseAuthRequired });
  app.post(
    '/sse/ticket',
    {
      schema: {
        tags: ['streams'],
        description: 'Makes a ticket that opens one event stream in the caller’s name.',
        response: answers(TicketAnswer),
      },
      onRequest,
    },
    (request, reply) => {
      const issue = async () => reply.send(await parts.tickets.issue(request.principal));
      issue().catch(failure(reply));
    },
  );
};
