import { Type } from 'typebox';
import { errorCodes, refusalCodes } from '../codes.ts';

/** Text that may be left out, or be null for the same. */
export function optionalText(options: object) {
  return Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], ...options }));
}

export function optionalFlag(options: object) {
  return Type.Optional(Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], ...options }));
}

/** The publisher's id and type of a message. */
export const messageId = optionalText({
  minLength: 1,
  maxLength: 128,
  description:
    'Idempotency key: the same id on the same channel again, within IDEMPOTENCY_WINDOW, is not delivered again. Left out, the server makes one.',
  examples: ['order-42-paid'],
});

export const messageType = (defaultType: string) =>
  optionalText({
    minLength: 1,
    maxLength: 64,
    description: `Any name; Server-Sent Events carry it as the event’s. Default ${defaultType}.`,
    examples: ['notification'],
  });

/** Limits of names as JSON Schema can say them; access/names.ts has the exact rules. */
const channelLimits = { minLength: 1, maxLength: 255 };
const userLimits = { minLength: 1, maxLength: 250 };

export const channelDescription =
  'A channel: 1 to 255 bytes of UTF-8 without control characters, not beginning with "$".';
export const userDescription = 'A user id: the `sub` of the user’s tokens, at most 250 bytes of UTF-8.';

export const Channel = Type.String({ ...channelLimits, description: channelDescription, examples: ['news'] });
export const UserId = Type.String({ ...userLimits, description: userDescription, examples: ['u1'] });

export const optionalChannel = (description: string) =>
  optionalText({ ...channelLimits, description: `${description} ${channelDescription}`, examples: ['news'] });
export const optionalUser = (description: string) =>
  optionalText({ ...userLimits, description: `${description} ${userDescription}`, examples: ['u1'] });

export const ChannelPath = Type.Object({
  channel: Type.String({ description: `${channelDescription} Percent-encoded.`, examples: ['news'] }),
});

/** `next` of a page, and the parameter that takes it. */
export const nextCursor = Type.Optional(
  Type.String({ description: 'Pass as `cursor`; absent on the last page.' }),
);
export const cursorParameter = Type.Optional(
  Type.String({ minLength: 1, description: '`next` of the page before.' }),
);

export const DoneAnswer = Type.Object({ ok: Type.Literal(true) }, { examples: [{ ok: true }] });

/** A query parameter that says how many entries a page has. */
export function pageLimit(normal: number) {
  return Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: normal, description: 'Most entries of the page.' }),
  );
}

export const errorExample = { error: { code: 'bad_request', message: 'channel: required, but missing' } };

export const ErrorAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.Unsafe<string>({
        type: 'string',
        enum: [...Object.keys(errorCodes), ...Object.keys(refusalCodes)],
        description: 'One of a closed list, for programs.',
      }),
      message: Type.String({ description: 'What is wrong and what to do, for people.' }),
      details: Type.Optional(Type.Unknown({ description: 'More, for some codes.' })),
    }),
  },
  {
    description: 'The shape of every error.',
    examples: [errorExample],
  },
);

const failures = { '4xx': ErrorAnswer, '5xx': ErrorAnswer };

/** The answers of a route: this one, or an error. */
export function answers<Answer>(schema: Answer): { 200: Answer } & typeof failures {
  return { 200: schema, ...failures };
}

export const PublishedAnswer = Type.Object(
  {
    ok: Type.Literal(true),
    id: Type.String({ description: 'The message’s id: yours, or the one that the server made.' }),
    channel: Type.String({ description: '`$all` for everyone, `$user:<id>` for one user.' }),
    offset: Type.Integer({ minimum: 1, description: 'Its place in the channel.' }),
    epoch: Type.String({ description: 'Names the life of the channel’s history that `offset` counts in.' }),
    duplicate: Type.Boolean({
      description: 'This id had been published on the channel: `offset` is the first one’s.',
    }),
  },
  {
    description: 'The message is stored and delivered.',
    examples: [
      {
        ok: true,
        id: '0198c0de-0000-7000-8000-000000000000',
        channel: 'news',
        offset: 8,
        epoch: 'b3Jp',
        duplicate: false,
      },
    ],
  },
);
