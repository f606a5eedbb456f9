import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { checkMessageId } from '../access/names.ts';
import { badRequest, FanwireError } from '../errors.ts';
import { parameter } from './validation.ts';

const header = 'idempotency-key';

/** For the description of routes that publish one message. */
export const IdempotencyHeader = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description:
        'The message’s id, as the member `id` of the body is. If both are given they have to be equal.',
      examples: ['order-42-paid'],
    }),
  ),
});

/**
 * The id that the publisher chose: the header's or the body's, named `field`. Throws `bad_request`: 400 for a bad
 * header, 422 for a bad member and for two that differ.
 */
export function chosenId(
  http: IncomingMessage,
  id: string | null | undefined,
  field: string,
): string | undefined {
  const key = idempotencyKey(http);
  if (id === undefined || id === null) return key;
  const checked = checkMessageId(id, field);
  if (key === undefined || key === checked) return checked;
  throw badRequest(`${field}: differs from the header Idempotency-Key; give one of them, or the same`);
}

/** Throws `bad_request` where the key cannot be the id of the one message. */
export function refuseIdempotencyKey(http: IncomingMessage): void {
  if (idempotencyKey(http) === undefined) return;
  throw badHeader('means nothing for several messages: give each of them its `id`');
}

function idempotencyKey(http: IncomingMessage): string | undefined {
  if (http.headers[header] === undefined) return undefined;
  const [written = '', ...more] = http.headersDistinct[header] ?? [];
  if (more.length > 0) throw badHeader('given more than once');
  const bytes = Buffer.from(written, 'latin1');
  if (!isUtf8(bytes)) throw badHeader('must be valid UTF-8');
  return parameter(() => checkMessageId(bytes.toString('utf8'), 'Idempotency-Key'));
}

function badHeader(problem: string): FanwireError {
  return new FanwireError('bad_request', `Idempotency-Key: ${problem}`, { status: 400 });
}
