import fastify from 'fastify';
import { announce } from './lifetime.ts';
import { batchSchema, publishSchema } from './publish-schemas.ts';
import { batchText, PUBLISHED } from './published.ts';

const app = fastify({ ajv: { customOptions: { allowUnionTypes: true } } });

app.post('/api/publish', { schema: publishSchema }, (_request, reply) => {
  reply.send(PUBLISHED);
});

app.post<{ Body: { messages: unknown[] } }>('/api/batch', { schema: batchSchema }, (request, reply) => {
  reply.type('application/json; charset=utf-8').send(batchText(request.body.messages.length));
});

await app.ready();
announce(app.server);
