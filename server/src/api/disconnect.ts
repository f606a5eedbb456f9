import { Type } from 'typebox';
import { checkUserId } from '../access/names.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, userDescription } from './schemas.ts';
import { parameter } from './validation.ts';

const DisconnectAnswer = Type.Object(
  { ok: Type.Literal(true), closed: Type.Integer({ description: 'Connections closed on this node.' }) },
  { examples: [{ ok: true, closed: 2 }] },
);

/** `POST /api/users/{id}/disconnect`: the user may come back; to keep it out, revoke its tokens. */
export const addDisconnect: Resource = (app, parts) => {
  app.post(
    '/api/users/:id/disconnect',
    {
      schema: {
        tags: ['management'],
        description: 'Closes every connection of a user with code 4410, on all nodes.',
        params: Type.Object({
          id: Type.String({ description: `${userDescription} Percent-encoded.`, examples: ['u1'] }),
        }),
        response: answers(DisconnectAnswer),
      },
      onRequest: new Authorization(parts).need('manage'),
    },
    (request, reply) => {
      const user = parameter(() => checkUserId(request.params.id, 'id'));
      const disconnect = async (): Promise<void> => {
        const closed = await parts.directory.connectionsOf(user);
        await parts.enforcer.disconnectUser(user);
        reply.send({ ok: true, closed });
      };
      disconnect().catch(failure(reply));
    },
  );
};
