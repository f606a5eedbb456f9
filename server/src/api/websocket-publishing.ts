import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { checkChannelName, checkMessageType, checkUserId } from '../access/names.ts';
import { Authorization } from './authorization.ts';
import { rawContent } from './body.ts';
import { chosenId, IdempotencyHeader } from './idempotency.ts';
import type { Resource } from './parts.ts';
import { type Outgoing, Publisher } from './publisher.ts';
import {
  answers,
  Channel,
  messageId,
  messageType,
  optionalFlag,
  PublishedAnswer,
  UserId,
} from './schemas.ts';

function messageSchema(defaultType: string) {
  return Type.Object(
    {
      id: messageId,
      type: messageType(`\`${defaultType}\``),
      content: Type.Unknown({
        description: 'Any JSON value. It reaches subscribers as it was written.',
        examples: ['hello', { text: 'hello' }],
      }),
    },
    { description: 'The message.' },
  );
}

const BroadcastBody = Type.Object(
  { message: messageSchema('broadcast') },
  { examples: [{ message: { content: 'maintenance at noon' } }] },
);

const ChannelBody = Type.Object(
  {
    channel: Channel,
    message: messageSchema('text'),
    persist: optionalFlag({
      default: false,
      description: 'Keep it for HISTORY_TTL rather than for the recovery window only.',
    }),
  },
  { examples: [{ channel: 'news', message: { content: 'hello' } }] },
);

const UserBody = Type.Object(
  { user_id: UserId, message: messageSchema('direct') },
  { examples: [{ user_id: 'u1', message: { content: 'your order is ready' } }] },
);

/** `POST /ws/broadcast`, `/ws/send-to-channel` and `/ws/send-to-user`: messages in the shape of the channel dialect. */
export const addWebSocketPublishing: Resource = (app, parts) => {
  const onRequest = new Authorization(parts).need('publish');
  const publisher = new Publisher(parts);
  const response = answers(PublishedAnswer);
  const tags = ['messages'];
  const headers = IdempotencyHeader;

  app.post(
    '/ws/broadcast',
    {
      schema: {
        tags,
        description: 'Sends a message to every connection.',
        headers,
        body: BroadcastBody,
        response,
      },
      onRequest,
    },
    (request, reply) => publisher.toEveryone(outgoing(request, request.body.message, 'broadcast'), reply),
  );

  app.post(
    '/ws/send-to-channel',
    {
      schema: { tags, description: 'Sends a message to a channel.', headers, body: ChannelBody, response },
      onRequest,
    },
    (request, reply) => {
      const { channel, message, persist } = request.body;
      const kept = { ...outgoing(request, message, 'text'), persist: persist ?? false };
      publisher.toChannel(request.principal, checkChannelName(channel, 'channel'), kept, reply);
    },
  );

  app.post(
    '/ws/send-to-user',
    {
      schema: {
        tags,
        description: 'Sends a message to every connection of a user.',
        headers,
        body: UserBody,
        response,
      },
      onRequest,
    },
    (request, reply) => {
      const { user_id, message } = request.body;
      const direct = outgoing(request, message, 'direct');
      publisher.toUser(request.principal, checkUserId(user_id, 'user_id'), direct, reply);
    },
  );
};

function outgoing(
  request: FastifyRequest,
  { id, type }: Static<ReturnType<typeof messageSchema>>,
  defaultType: string,
): Outgoing {
  return {
    id: chosenId(request, id, 'message.id'),
    type: type === undefined || type === null ? defaultType : checkMessageType(type, 'message.type'),
    data: rawContent(request, 'message', 'content'),
  };
}
