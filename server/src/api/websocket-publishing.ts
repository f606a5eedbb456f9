import { type Static, Type } from 'typebox';
import { type Outgoing, toChannel, toEveryone, toUser, typeOf } from '../publishing/message.ts';
import { rawContent } from './body.ts';
import { chosenId } from './idempotency.ts';
import type { Resource } from './parts.ts';
import { addPosting, type Posting } from './posting.ts';
import { post } from './publisher.ts';
import { Channel, messageId, messageType, optionalFlag, UserId } from './schemas.ts';

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
  const { publishing } = parts;

  addPosting(app, parts, {
    url: '/ws/broadcast',
    command: true,
    description: 'Sends a message to every connection.',
    body: BroadcastBody,
    handle: (posting, answered) =>
      post(publishing, posting.principal, toEveryone, outgoing(posting, 'broadcast'), answered),
  });

  addPosting(app, parts, {
    url: '/ws/send-to-channel',
    command: true,
    description: 'Sends a message to a channel.',
    body: ChannelBody,
    handle: (posting, answered) => {
      const { channel, persist } = posting.body;
      const kept = { ...outgoing(posting, 'text'), persist: persist ?? false };
      post(publishing, posting.principal, toChannel(channel, 'channel'), kept, answered);
    },
  });

  addPosting(app, parts, {
    url: '/ws/send-to-user',
    command: true,
    description: 'Sends a message to every connection of a user.',
    body: UserBody,
    handle: (posting, answered) => {
      const { principal, body } = posting;
      post(publishing, principal, toUser(body.user_id, 'user_id'), outgoing(posting, 'direct'), answered);
    },
  });
};

type Enveloped = Posting<{ readonly message: Static<ReturnType<typeof messageSchema>> }>;

function outgoing({ http, body, text }: Enveloped, defaultType: string): Outgoing {
  const { id, type } = body.message;
  return {
    id: chosenId(http, id, 'message.id'),
    type: typeOf(type, defaultType, 'message.type'),
    data: rawContent(text, 'message', 'content'),
  };
}
