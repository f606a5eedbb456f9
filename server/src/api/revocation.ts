import { type Static, Type } from 'typebox';
import { checkUserId } from '../access/names.ts';
import type { Revocation } from '../engine/engine.ts';
import { badRequest } from '../errors.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers, DoneAnswer, optionalText, optionalUser } from './schemas.ts';

/** In 1973, as Unix milliseconds: whoever means seconds is below it. */
const earliest = 100_000_000_000;
/** How far the caller's clock may be ahead (milliseconds). */
const clockAhead = 60_000;

const RevokeBody = Type.Object(
  {
    jti: optionalText({ minLength: 1, description: 'The token of this id (its claim `jti`).' }),
    user_id: optionalUser('The tokens of this user.'),
    issued_before: Type.Optional(
      Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        minimum: earliest,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'Tokens whose claim `iat`, taken as the beginning of that second, is before this time. Unix milliseconds, as everywhere in this API. Default now.',
      }),
    ),
  },
  {
    description:
      'Either `jti`, or `user_id`, `issued_before` or both; `issued_before` alone is of all users.',
    examples: [{ user_id: 'u1' }],
  },
);

/** `POST /api/tokens/revoke`: takes effect on open connections, on every node, and for good. */
export const addRevocation: Resource = (app, parts) => {
  app.post(
    '/api/tokens/revoke',
    {
      schema: {
        tags: ['management'],
        description: 'Revokes tokens. Connections opened with them are closed with 4401.',
        body: RevokeBody,
        response: answers(DoneAnswer),
      },
      onRequest: new Authorization(parts).need('manage'),
    },
    (request, reply) => {
      parts.revocations
        .revoke(revocationOf(request.body, parts.clock.now()))
        .then(() => reply.send({ ok: true }))
        .catch(failure(reply));
    },
  );
};

function revocationOf(
  { jti = null, user_id = null, issued_before = null }: Static<typeof RevokeBody>,
  now: number,
): Revocation {
  if (jti !== null) {
    if (user_id === null && issued_before === null) return { kind: 'token', id: jti };
    throw badRequest('jti, user_id, issued_before: a token is revoked by `jti` alone');
  }
  if (user_id === null && issued_before === null) {
    throw badRequest('jti, user_id, issued_before: one of them is required');
  }
  if (issued_before !== null && issued_before > now + clockAhead) {
    throw badRequest('issued_before: lies in the future; it would refuse tokens yet to be issued');
  }
  const user = user_id === null ? null : checkUserId(user_id, 'user_id');
  return { kind: 'before', user, time: issued_before ?? now };
}
