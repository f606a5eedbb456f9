import { Item, itemFields } from '../../../server/src/api/item.ts';
import { answers, PublishedAnswer } from '../../../server/src/api/schemas.ts';

/** Fanwire's own schemas, put together for the routes of the bare Fastify. A test holds them to Fanwire's OpenAPI. */

/** Of Fanwire's two answers only that for one channel: looking for the right one of two would slow Fastify down. */
export const publishSchema = {
  body: {
    type: 'object',
    required: ['data'],
    properties: {
      ...itemFields,
      channels: { type: ['array', 'null'], items: { type: 'string' }, maxItems: 1000 },
    },
  },
  response: answers(PublishedAnswer),
};

/** Without one for the answer, which Fanwire, too, writes by hand. */
export const batchSchema = {
  body: {
    type: 'object',
    required: ['messages'],
    properties: { messages: { type: 'array', items: Item, maxItems: 1000 } },
  },
};
