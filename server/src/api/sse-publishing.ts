import { type Static, Type } from 'typebox';
import { badRequest } from '../errors.ts';
import { toJsonText } from '../json.ts';
import { type Outgoing, toChannel, toEveryone, toUser, typeOf } from '../publishing/message.ts';
import { rawContent } from './body.ts';
import { chosenId } from './idempotency.ts';
import type { Resource } from './parts.ts';
import { addPosting } from './posting.ts';
import { post } from './publisher.ts';
import { Channel, optionalChannel, optionalFlag, optionalUser } from './schemas.ts';

const EventBody = Type.Object(
  {
    channel: Channel,
    event: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'The name of the event; WebSocket subscribers get it as the message’s type.',
    }),
    data: Type.Unknown({ description: 'Any JSON value. It reaches subscribers as it was written.' }),
  },
  { examples: [{ channel: 'news', event: 'price', data: { symbol: 'FAN', price: 12.5 } }] },
);

const notificationTypes = ['info', 'success', 'warning', 'error'];
/** The longest time that a browser's timer takes, in milliseconds. */
const maxDuration = 2 ** 31 - 1;

const NotificationBody = Type.Object(
  {
    title: Type.String({ minLength: 1, description: 'The headline.' }),
    content: Type.String({ description: 'The text.' }),
    type: Type.Optional(Type.Unsafe<string | null>({ enum: [...notificationTypes, null], default: 'info' })),
    channel: optionalChannel('To the subscribers of this channel.'),
    user_id: optionalUser('To this user alone.'),
    auto_hide: optionalFlag({ default: true, description: 'Whether it goes away by itself.' }),
    duration: Type.Optional(
      Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        minimum: 0,
        maximum: maxDuration,
        default: 5000,
        description: 'Milliseconds after which it does.',
      }),
    ),
  },
  { examples: [{ title: 'Saved', content: 'Your changes are safe.', type: 'success', user_id: 'u1' }] },
);

/** `POST /sse/send-to-channel` and `/sse/notification`: the same messages, described as events. */
export const addSsePublishing: Resource = (app, parts) => {
  const { publishing } = parts;

  addPosting(app, parts, {
    url: '/sse/send-to-channel',
    command: true,
    description: 'Sends an event to a channel.',
    body: EventBody,
    handle: ({ principal, http, body: { channel, event }, text }, answered) => {
      const message = {
        id: chosenId(http, null, 'id'),
        type: typeOf(event, 'text', 'event'),
        data: rawContent(text, 'data'),
      };
      post(publishing, principal, toChannel(channel, 'channel'), message, answered);
    },
  });

  addPosting(app, parts, {
    url: '/sse/notification',
    command: true,
    description: 'Sends a notification to a user, to a channel, or to everyone if neither is named.',
    body: NotificationBody,
    handle: ({ principal, http, body }, answered) => {
      const { channel = null, user_id = null } = body;
      const message = { ...notification(body), id: chosenId(http, null, 'id') };
      if (channel !== null && user_id !== null) {
        throw badRequest('channel, user_id: name one of them, not both');
      }
      if (user_id !== null) {
        post(publishing, principal, toUser(user_id, 'user_id'), message, answered);
      } else if (channel !== null) {
        post(publishing, principal, toChannel(channel, 'channel'), message, answered);
      } else post(publishing, principal, toEveryone, message, answered);
    },
  });
};

function notification({
  title,
  content,
  type,
  auto_hide,
  duration,
}: Static<typeof NotificationBody>): Outgoing {
  const data = {
    title,
    content,
    type: type ?? 'info',
    auto_hide: auto_hide ?? true,
    duration: duration ?? 5000,
  };
  return { type: 'notification', data: toJsonText(JSON.stringify(data), '') };
}
