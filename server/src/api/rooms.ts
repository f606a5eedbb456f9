import { Type } from 'typebox';
import { FanwireError } from '../errors.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, ChannelPath } from './schemas.ts';
import { channelParameter } from './validation.ts';

const DeletedAnswer = Type.Object({ ok: Type.Literal(true) }, { examples: [{ ok: true }] });

/** `DELETE /api/rooms/{channel}`: for the operator; its owner deletes it by the chat dialect. */
export const addRooms: Resource = (app, parts) => {
  const { gate } = parts;
  app.delete(
    '/api/rooms/:channel',
    {
      schema: {
        tags: ['management'],
        description:
          'Deletes a room that a chat client created, whoever owns it: everybody in it is told and leaves, on all nodes. The channel is open to all then, so that the kept messages of a private room are removed.',
        params: ChannelPath,
        response: answers(DeletedAnswer),
      },
      onRequest: new Authorization(parts).need('manage'),
    },
    (request, reply) => {
      const channel = channelParameter(request.params.channel);
      gate.check(request.principal, 'history', channel);
      gate.rooms
        .remove(channel)
        .then((isRemoved) => {
          if (!isRemoved) throw new FanwireError('not_found', `nobody created the room "${channel}"`);
          reply.send({ ok: true });
        })
        .catch(failure(reply));
    },
  );
};
