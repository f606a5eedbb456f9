import { Type } from 'typebox';
import { presenceContent } from '../dialect/channel/codec.ts';
import { failure, send } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, ChannelPath, cursorParameter, nextCursor, pageLimit } from './schemas.ts';
import { channelParameter } from './validation.ts';

const PresenceQuery = Type.Object({
  limit: pageLimit(100),
  cursor: cursorParameter,
});

const PresenceAnswer = Type.Object({
  users: Type.Array(
    Type.Object({
      user_id: Type.String(),
      connections: Type.Integer({ description: 'On how many connections.' }),
      since: Type.Integer({ description: 'Unix milliseconds.' }),
      guest: Type.Optional(Type.Literal(true, { description: 'A guest of the chat who claims this name.' })),
    }),
    { description: 'Ordered by name.' },
  ),
  total: Type.Integer({ description: 'Users present, on all pages.' }),
  next: nextCursor,
});

/** `GET /api/channels/{channel}/presence`: who is in a channel, on any node. */
export const addPresence: Resource = (app, parts) => {
  const { gate, presence } = parts;
  app.get(
    '/api/channels/:channel/presence',
    {
      schema: {
        tags: ['channels'],
        description: 'Who is in the channel.',
        params: ChannelPath,
        querystring: PresenceQuery,
        response: answers(PresenceAnswer),
      },
      onRequest: new Authorization(parts).need('read'),
    },
    (request, reply) => {
      const channel = channelParameter(request.params.channel);
      gate.check(request.principal, 'presence', channel);
      const { limit = 100, cursor } = request.query;
      presence
        .page(channel, { limit, ...(cursor === undefined ? {} : { cursor }) })
        .then((page) => send(reply, presenceContent(page)))
        .catch(failure(reply));
    },
  );
};
