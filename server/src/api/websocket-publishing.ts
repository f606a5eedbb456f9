import { type Static, Type } from 'typebox';
import { checkChannelName, checkMessageType, checkUserId } from '../access/names.ts';
import { rawContent } from './body.ts';
import { chosenId } from './idempotency.ts';
import type { Resource } from './parts.ts';
import { addPosting, type Posting } from './posting.ts';
import { type Outgoing, Publisher } from './publisher.ts';
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
  const publisher = new Publisher(parts);

  addPosting(app, parts, {
    url: '/ws/broadcast',
    description: 'Sends a message to every connection.',
    body: BroadcastBody,
    handle: (posting, answered) => publisher.toEveryone(outgoing(posting, 'broadcast'), answered),
  });

  addPosting(app, parts, {
    url: '/ws/send-to-channel',
    description: 'Sends a message to a channel.',
    body: ChannelBody,
    handle: (posting, answered) => {
      const { channel, persist } = posting.body;
      const kept = { ...outgoing(posting, 'text'), persist: persist ?? false };
      publisher.toChannel(posting.principal, checkChannelName(channel, 'channel'), kept, answered);
    },
  });

  addPosting(app, parts, {
    url: '/ws/send-to-user',
    description: 'Sends a message to every connection of a user.',
    body: UserBody,
    handle: (posting, answered) => {
      const direct = outgoing(posting, 'direct');
      publisher.toUser(posting.principal, checkUserId(posting.body.user_id, 'user_id'), direct, answered);
    },
  });
};

type Enveloped = Posting<{ readonly message: Static<ReturnType<typeof messageSchema>> }>;

function outgoing({ http, body, text }: Enveloped, defaultType: string): Outgoing {
  const { id, type } = body.message;
  return {
    id: chosenId(http, id, 'message.id'),
    type: type === undefined || type === null ? defaultType : checkMessageType(type, 'message.type'),
    data: rawContent(text, 'message', 'content'),
  };
}
