import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { badRequest, type FanwireError } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import { rawElements, rawMember, toJsonText } from '../json.ts';
import { requester } from '../publishing/author.ts';
import { attempt, type Publishing } from '../publishing/publishing.ts';
import { failure, jsonType, send } from './answer.ts';
import { Authorization } from './authorization.ts';
import { refuseIdempotencyKey } from './idempotency.ts';
import { Item, ResultsAnswer, readItem, resultsText } from './item.ts';
import type { Resource } from './parts.ts';
import { answers } from './schemas.ts';
import { compileShape, compileValidator } from './validation.ts';

const maxMessages = 1000;

/** What a batch may have in all: some messages of full size, and names, ids and JSON around all of them. */
const fullSizeMessages = 4;
const envelopeBytes = maxMessages * 1024;

const BatchBody = Type.Object(
  { messages: Type.Array(Item, { maxItems: maxMessages, description: 'In the order of publishing.' }) },
  {
    examples: [
      {
        messages: [
          { channel: 'news', data: 'hello' },
          { user_id: 'u1', data: { text: 'hello, you' } },
        ],
      },
    ],
  },
);

/** The body as far as the whole request depends on it; what is wrong within a message is that message's result. */
const BatchEnvelope = Type.Object({ messages: Type.Array(Type.Unknown(), { maxItems: maxMessages }) });

const itemProblem = compileShape(Item, 'the message');

/** `POST /api/batch`: many messages, each with its own result. */
export const addBatch: Resource = (app, parts) => {
  const { publishing } = parts;
  app.post(
    '/api/batch',
    {
      schema: {
        tags: ['messages'],
        description: `Publishes up to ${maxMessages} messages in one commit. A message that cannot be published does not hold up the others: its result says why.`,
        body: BatchBody,
        response: answers(ResultsAnswer),
      },
      validatorCompiler: (route) => compileValidator({ ...route, schema: BatchEnvelope }),
      serializerCompiler: () => JSON.stringify,
      bodyLimit: fullSizeMessages * parts.policy.maxDataBytes + envelopeBytes,
      onRequest: new Authorization(parts).need('publish'),
    },
    (request, reply) => {
      refuseIdempotencyKey(request.raw);
      publishing
        .together(requester(request.principal), readItems(publishing, request, request.body.messages))
        .then((results) => send(reply.type(jsonType), resultsText(results)))
        .catch(failure(reply));
    },
  );
};

function readItems(
  publishing: Publishing,
  { principal, bodyText = '' }: FastifyRequest,
  items: Static<typeof BatchBody>['messages'],
): (Publication | FanwireError)[] {
  const author = requester(principal);
  const texts = rawElements(rawMember(bodyText, 'messages') ?? '[]');
  return items.map((item, at) =>
    attempt(() => {
      const problem = itemProblem(item);
      if (problem !== null) throw badRequest(problem);
      const data = toJsonText(rawMember(texts[at] ?? '', 'data') ?? 'null', 'data');
      const { target, message } = readItem(item, data);
      return publishing.ready(author, target, message);
    }),
  );
}
