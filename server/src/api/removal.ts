import { Type } from 'typebox';
import { checkMessageId } from '../access/names.ts';
import type { Removal } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, ChannelPath } from './schemas.ts';
import { channelParameter, parameter } from './validation.ts';

const MessagePath = Type.Object({
  ...ChannelPath.properties,
  id: Type.String({ description: 'The id of the message. Percent-encoded.', examples: ['order-42-paid'] }),
});

const RemovalQuery = Type.Object({
  offset: Type.Optional(Type.Integer({ minimum: 1, description: 'The place of the message.' })),
});

const ClearedAnswer = Type.Object(
  {
    ok: Type.Literal(true),
    offset: Type.Integer({ description: 'Every message up to it is gone; 0 when there was none.' }),
  },
  { examples: [{ ok: true, offset: 8 }] },
);

const RemovedAnswer = Type.Object(
  { ok: Type.Literal(true), offset: Type.Integer({ description: 'Of the message that is gone.' }) },
  { examples: [{ ok: true, offset: 7 }] },
);

/** `DELETE /api/channels/{channel}/messages` and `…/messages/{id}`: the hub tells the subscribers. */
export const addRemoval: Resource = (app, parts) => {
  const { hub, gate } = parts;
  const onRequest = new Authorization(parts).need('manage');
  const tags = ['channels'];

  app.delete(
    '/api/channels/:channel/messages',
    {
      schema: {
        tags,
        description:
          'Removes all kept messages of the channel. Its offsets go on; subscribers get a message of type `deleted` with `{"id":null,"offset":…}`.',
        params: ChannelPath,
        response: answers(ClearedAnswer),
      },
      onRequest,
    },
    (request, reply) => {
      const channel = channelParameter(request.params.channel);
      gate.check(request.principal, 'history', channel);
      hub
        .clearHistory(channel)
        .then((offset) => reply.send({ ok: true, offset }))
        .catch(failure(reply));
    },
  );

  app.delete(
    '/api/channels/:channel/messages/:id',
    {
      schema: {
        tags,
        description:
          'Removes one message. Of several with the same id, which publishers of different kinds may have chosen, `offset` says which; without it that is 409, and `details.offsets` says where they are. An empty one of type `deleted` stays in its place; subscribers get a message of type `deleted` with `{"id":…,"offset":…}`.',
        params: MessagePath,
        querystring: RemovalQuery,
        response: answers(RemovedAnswer),
      },
      onRequest,
    },
    (request, reply) => {
      const channel = channelParameter(request.params.channel);
      const id = parameter(() => checkMessageId(request.params.id, 'id'));
      gate.check(request.principal, 'history', channel);
      hub
        .removeMessage(channel, id, request.query.offset)
        .then((removed) => reply.send({ ok: true, offset: theOne(removed) }))
        .catch(failure(reply));
    },
  );
};

/** Throws for a removal of none, or of one of several. */
function theOne(removed: Removal): number {
  if (removed === null) throw new FanwireError('not_found', 'the channel keeps no message of this id');
  if (typeof removed === 'number') return removed;
  throw new FanwireError(
    'bad_request',
    `id: several messages have it, at the offsets ${removed.join(', ')}; say which one with ?offset=`,
    { status: 409, details: { offsets: removed } },
  );
}
