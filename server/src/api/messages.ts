import { Type } from 'typebox';
import { encode } from '../dialect/channel/codec.ts';
import { maxOffset } from '../dialect/fields.ts';
import type { HistoryPage, HistoryQuery } from '../engine/engine.ts';
import { failure, jsonType, send } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, ChannelPath, pageLimit } from './schemas.ts';
import { channelParameter } from './validation.ts';

function bound(description: string) {
  return Type.Optional(Type.Integer({ minimum: 0, maximum: maxOffset, description }));
}

const MessagesQuery = Type.Object({
  limit: pageLimit(50),
  before: bound('Only messages with a lower offset.'),
  after: bound('Only messages with a higher offset.'),
  from: bound('Only messages of this time or later, in Unix milliseconds.'),
  to: bound('Only messages of this time or earlier, in Unix milliseconds.'),
});

const MessageEntry = Type.Object({
  type: Type.String(),
  id: Type.String(),
  channel: Type.String(),
  content: Type.Unknown(),
  sender: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    properties: { user_id: { type: ['string', 'null'] }, connection_id: { type: 'string' } },
    description: 'Null for a message from the HTTP API.',
  }),
  timestamp: Type.Integer({ description: 'Unix milliseconds.' }),
  offset: Type.Integer(),
  epoch: Type.String(),
});

const MessagesAnswer = Type.Object({
  messages: Type.Array(MessageEntry, { description: 'Oldest first.' }),
  epoch: Type.String({ description: 'Of the channel now.' }),
  offset: Type.Integer({ description: 'Of the channel’s last message; 0 before the first.' }),
  more: Type.Boolean({ description: 'Whether there are more in the direction of the query.' }),
});

/** `GET /api/channels/{channel}/messages`: a page of history. Its removal is in removal.ts. */
export const addMessages: Resource = (app, parts) => {
  const { hub, gate } = parts;
  app.get(
    '/api/channels/:channel/messages',
    {
      schema: {
        tags: ['channels'],
        description:
          'A page of the channel’s history: with `after` or `from` and without `before` the first messages behind it, else the last ones.',
        params: ChannelPath,
        querystring: MessagesQuery,
        response: answers(MessagesAnswer),
      },
      onRequest: new Authorization(parts).need('read'),
    },
    (request, reply) => {
      const channel = channelParameter(request.params.channel);
      gate.check(request.principal, 'history', channel);
      const query: HistoryQuery = { ...request.query, limit: request.query.limit ?? 50 };
      hub
        .history(channel, query)
        .then(pageText)
        .then((text) => send(reply.type(jsonType), text))
        .catch(failure(reply));
    },
  );
};

/** The data of messages is JSON text already: it is put in as it is. */
function pageText({ messages, epoch, offset, more }: HistoryPage): string {
  const list = messages.map(encode).join(',');
  return `{"messages":[${list}],"epoch":${JSON.stringify(epoch)},"offset":${offset},"more":${more}}`;
}
