import { type Static, Type } from 'typebox';
import type { JsonText, Receipt } from '../engine/engine.ts';
import { badRequest, FanwireError } from '../errors.ts';
import { idOf, type Outgoing, type Target, toChannel, toUser, typeOf } from '../publishing/message.ts';
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

/** Of an item of the right shape. Throws a FanwireError that names the member at fault. */
export function readItem(item: Static<typeof Item>, data: JsonText): { target: Target; message: Outgoing } {
  const { channel = null, user_id = null, id, type, persist } = item;
  const message = {
    id: idOf(id, 'id'),
    type: typeOf(type, user_id === null ? 'text' : 'direct', 'type'),
    data,
    persist: persist ?? false,
  };
  if (channel !== null && user_id === null) return { target: toChannel(channel, 'channel'), message };
  if (user_id !== null && channel === null) return { target: toUser(user_id, 'user_id'), message };
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
