import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { version } from '../version.ts';
import { send } from './answer.ts';
import { needOf } from './authorization.ts';
import type { ApiParts, Resource } from './parts.ts';
import { answers, ErrorAnswer, errorExample } from './schemas.ts';

const tags = [
  { name: 'messages', description: 'Publishing: to a channel, to a user, to everyone, or many at once.' },
  { name: 'channels', description: 'What stands in channels, who is there, and removal.' },
  { name: 'streams', description: 'Server-Sent Events.' },
  { name: 'management', description: 'Connections, tokens and figures.' },
  { name: 'health', description: 'For probes and monitoring; no credentials are needed for probes.' },
  { name: 'documents', description: 'This description, and pages to try things by hand.' },
];

const description = `The HTTP API of a Fanwire server. Management needs an API key, or a JWT with the scope that the call names, as soon as a key is configured, in production, or when the server is bound to another address than the loopback. The scope \`manage\` includes the others. Every error has the same shape.`;

/** Has to be registered before the routes that it is to describe. */
export function describeRoutes(
  app: FastifyInstance,
  { policy, base }: Pick<ApiParts, 'policy' | 'base'>,
): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Fanwire', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: base?.prefix || '/', description: 'The server that this document comes from.' }],
      tags,
      components: { securitySchemes: securitySchemes(policy.apiKeyHeader) },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({
      schema: withSecurity(schema, [route.onRequest ?? []].flat()),
      url,
    }),
    transformObject: (documents) => {
      if (!('openapiObject' in documents)) throw new Error('this API is described by OpenAPI');
      return completed(documents.openapiObject);
    },
  });
}

/** `GET /openapi.json`: made of the schemas that validate and serialize. */
export const addOpenApi: Resource = (app) => {
  let text: string | null = null;
  app.get(
    '/openapi.json',
    {
      schema: {
        tags: ['documents'],
        description: 'This API as OpenAPI 3.1; `GET /docs` shows it.',
        response: answers(Type.Object({ openapi: Type.String() }, { additionalProperties: true })),
      },
    },
    (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      send(reply.type('application/json; charset=utf-8'), text);
    },
  );
};

function securitySchemes(apiKeyHeader: string) {
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'A JWT whose claim `scope` has the scope. The query parameter `token` carries one as well.',
    },
    apiKey: { type: 'apiKey', in: 'header', name: apiKeyHeader, description: 'A key of WS_API_KEYS.' },
    apiKeyQuery: {
      type: 'apiKey',
      in: 'query',
      name: 'api_key',
      description: 'The same in the query, for clients that send no headers.',
    },
  } as const;
}

interface RouteSchema {
  readonly description?: string;
}

/** Says what the route's own hook enforces. */
function withSecurity<Schema extends RouteSchema>(schema: Schema, hooks: readonly unknown[]): Schema {
  const need = hooks.map(needOf).find((found) => found !== undefined);
  if (need === undefined) return { ...schema, security: [] };
  const ways = ['bearer', 'apiKey', 'apiKeyQuery'].map((name) => ({ [name]: [] }));
  if (need === 'nothing') return { ...schema, security: [...ways, {}] };
  const what = need === 'credentials' ? 'credentials' : `the scope \`${need}\``;
  return { ...schema, description: `${schema.description ?? ''} Needs ${what}.`, security: ways };
}

interface Described {
  components?: object;
  paths?: Record<string, unknown>;
}

interface Operation {
  operationId?: string;
  responses?: Record<string, { description?: string } | object>;
}

/**
 * What the schemas of the routes do not say: a name for each operation, and that the answers 4XX and 5XX are the same
 * everywhere, written once and referred to.
 */
function completed<Document extends Described>(document: Document): Document {
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations as Record<string, Operation>)) {
      operation.operationId = operationId(method, path);
      for (const [status, answer] of Object.entries(operation.responses ?? {})) {
        if (/^[45]/.test(status)) shared(operation, status);
        else if ('description' in answer && answer.description === 'Default Response') {
          answer.description = 'Done.';
        }
      }
    }
  }
  return { ...document, components: { ...document.components, ...errorComponents() } };
}

function shared({ responses = {} }: Operation, status: string): void {
  responses[status] = { $ref: '#/components/responses/Error' };
}

function errorComponents() {
  const content = { schema: { $ref: '#/components/schemas/Error' }, example: errorExample };
  const description = 'Refused or failed: nothing was changed.';
  return {
    schemas: { Error: ErrorAnswer },
    responses: { Error: { description, content: { 'application/json': content } } },
  };
}

/** `getApiChannelsChannelMessages` */
function operationId(method: string, path: string): string {
  const words = path.match(/[a-z]+/gi) ?? [];
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
