import { type Static, Type } from 'typebox';
import type { Principal } from '../access/principal.ts';
import { badRequest } from '../errors.ts';
import { requester } from '../publishing/author.ts';
import { type Outgoing, toChannel, toUser, typeOf } from '../publishing/message.ts';
import { attempt } from '../publishing/publishing.ts';
import { rawContent } from './body.ts';
import { chosenId } from './idempotency.ts';
import { itemFields, ResultsAnswer, resultsText } from './item.ts';
import type { Resource } from './parts.ts';
import { addPosting, type Posting } from './posting.ts';
import { post } from './publisher.ts';
import { channelDescription, PublishedAnswer } from './schemas.ts';

/** Most channels that one request may name. */
const maxChannels = 1000;

const { channel, user_id, ...message } = itemFields;

const PublishBody = Type.Object(
  {
    channel,
    user_id,
    channels: Type.Optional(
      Type.Unsafe<string[] | null>({
        type: ['array', 'null'],
        items: { type: 'string' },
        maxItems: maxChannels,
        description: `To each of these channels, committed together. ${channelDescription}`,
        examples: [['news', 'alerts']],
      }),
    ),
    ...message,
  },
  {
    description: 'Exactly one of `channel`, `user_id` and `channels` says where it goes.',
    examples: [{ channel: 'news', data: 'hello' }],
  },
);

/** `POST /api/publish`: one message, to a channel, to a user, or to several channels. */
export const addPublish: Resource = (app, parts) => {
  const { publishing } = parts;
  const toEach = (channels: readonly string[], principal: Principal, outgoing: Outgoing) => {
    const author = requester(principal);
    return publishing.together(
      author,
      channels.map((name, at) =>
        attempt(() => publishing.ready(author, toChannel(name, `channels[${at}]`), outgoing)),
      ),
    );
  };
  addPosting(app, parts, {
    url: '/api/publish',
    description:
      'Publishes a message to a channel or to a user; with `channels` to each of them, with a result for each.',
    body: PublishBody,
    answer: Type.Union([PublishedAnswer, ResultsAnswer]),
    handle: (posting, answered) => {
      const { principal, body } = posting;
      const { channel, user_id, channels } = targetOf(body);
      const outgoing = readMessage(posting, user_id === null ? 'text' : 'direct');
      if (user_id !== null) {
        post(publishing, principal, toUser(user_id, 'user_id'), outgoing, answered);
      } else if (channel !== null) {
        post(publishing, principal, toChannel(channel, 'channel'), outgoing, answered);
      } else {
        toEach(channels, principal, outgoing).then(
          (results) => answered(null, resultsText(results)),
          (thrown) => answered(thrown, ''),
        );
      }
    },
  });
};

type Target =
  | { readonly channel: string; readonly user_id: null; readonly channels: null }
  | { readonly channel: null; readonly user_id: string; readonly channels: null }
  | { readonly channel: null; readonly user_id: null; readonly channels: readonly string[] };

function targetOf({ channel = null, user_id = null, channels = null }: Static<typeof PublishBody>): Target {
  const named = [channel, user_id, channels].filter((target) => target !== null).length;
  if (named > 1) throw badRequest('channel, user_id, channels: name one of them, not several');
  if (channel !== null) return { channel, user_id: null, channels: null };
  if (user_id !== null) return { channel: null, user_id, channels: null };
  if (channels !== null) return { channel: null, user_id: null, channels };
  throw badRequest('channel, user_id, channels: one of them is required; POST /ws/broadcast is for everyone');
}

function readMessage(
  { http, body: { id, type, persist }, text }: Posting<Static<typeof PublishBody>>,
  defaultType: string,
): Outgoing {
  return {
    id: chosenId(http, id, 'id'),
    type: typeOf(type, defaultType, 'type'),
    data: rawContent(text, 'data'),
    persist: persist ?? false,
  };
}
