import { type Static, Type } from 'typebox';
import { checkChannelName, checkMessageId, checkMessageType, checkUserId } from '../access/names.ts';
import type { Principal } from '../access/principal.ts';
import type { JsonText, Receipt } from '../engine/engine.ts';
import { badRequest, FanwireError } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import type { Publisher } from './publisher.ts';
import { receiptText } from './receipt.ts';
import {
  ErrorAnswer,
  messageId,
  messageType,
  optionalChannel,
  optionalFlag,
  optionalUser,
  PublishedAnswer,
} from './schemas.ts';

/** What `POST /api/publish` takes, and each of a batch. */
export const itemFields = {
  channel: optionalChannel('To the subscribers of this channel.'),
  user_id: optionalUser('To every connection of this user.'),
  type: messageType('`text`, and `direct` for a user'),
  data: Type.Unknown({
    description: 'Any JSON value. It reaches subscribers as it was written.',
    examples: ['hello', { text: 'hello' }],
  }),
  id: messageId,
  persist: optionalFlag({
    default: false,
    description: 'Keep it for HISTORY_TTL rather than for the recovery window only.',
  }),
};

export const Item = Type.Object(itemFields, { description: 'A message to a channel or to a user.' });

export const FailedResult = Type.Object(
  { ok: Type.Literal(false), error: ErrorAnswer.properties.error },
  { description: 'This message was not published, and why.' },
);

export const ResultsAnswer = Type.Object(
  {
    ok: Type.Literal(true),
    results: Type.Array(Type.Union([PublishedAnswer, FailedResult]), {
      description: 'One for each, in their order.',
    }),
  },
  {
    description: 'What became of each. All that are `ok` were committed together.',
    examples: [
      {
        ok: true,
        results: [
          {
            ok: true,
            id: '0198c0de-0000-7000-8000-000000000000',
            channel: 'news',
            offset: 8,
            epoch: 'b3Jp',
            duplicate: false,
          },
          { ok: false, error: { code: 'bad_request', message: 'channel, user_id: name one of them' } },
        ],
      },
    ],
  },
);

/** One message of a request that may hold several: an error of its own does not hold up the others. */
export function attempt(read: () => Publication): Publication | FanwireError {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof FanwireError) return thrown;
    throw thrown;
  }
}

/** For an item of the right shape. Throws a FanwireError that names the member at fault. */
export function readItem(
  publisher: Publisher,
  principal: Principal,
  item: Static<typeof Item>,
  data: JsonText,
): Publication {
  const { channel = null, user_id = null, id = null, type = null, persist } = item;
  const message = {
    id: id === null ? undefined : checkMessageId(id, 'id'),
    type: type === null ? (user_id === null ? 'text' : 'direct') : checkMessageType(type, 'type'),
    data,
    persist: persist ?? false,
  };
  if (channel !== null && user_id === null) {
    return publisher.forChannel(principal, checkChannelName(channel, 'channel'), message);
  }
  if (user_id !== null && channel === null) {
    return publisher.forUser(principal, checkUserId(user_id, 'user_id'), message);
  }
  throw badRequest(`channel, user_id: name one of them${channel === null ? '' : ', not both'}`);
}

/** The answer as JSON text: a serializer that looks for the right one of two shapes is many times slower. */
export function resultsText(results: readonly (Receipt | FanwireError)[]): string {
  return `{"ok":true,"results":[${results.map(resultText).join(',')}]}`;
}

function resultText(result: Receipt | FanwireError): string {
  if (result instanceof FanwireError) {
    const { code, message } = result;
    return JSON.stringify({ ok: false, error: { code, message } });
  }
  return receiptText(result);
}
