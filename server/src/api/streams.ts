import { Type } from 'typebox';
import { checkChannelName } from '../access/names.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import { handOver } from './http-server.ts';
import type { Resource } from './parts.ts';
import { answers, Channel, ErrorAnswer } from './schemas.ts';

function spelling(name: string) {
  return Type.Optional(Type.String({ description: `Taken for \`${name}\`.` }));
}

const StreamQuery = Type.Object({
  channels: Type.Optional(Type.String({ description: 'Names joined by commas.', examples: ['news,alerts'] })),
  channel: spelling('channels'),
  'channels[]': spelling('channels'),
  last_event_id: Type.Optional(
    Type.String({ description: 'Resume behind this event, as the header Last-Event-ID does.' }),
  ),
  lastEventId: spelling('last_event_id'),
  lastEventID: spelling('last_event_id'),
  'Last-Event-ID': spelling('last_event_id'),
  ticket: Type.Optional(Type.String({ description: 'From `POST /sse/ticket`.' })),
  token: Type.Optional(Type.String({ description: 'A JWT.' })),
  api_key: Type.Optional(Type.String({ description: 'An API key.' })),
});

/** Most channels that one request may name. */
const maxNames = 1000;

function names(description: string) {
  return Type.Optional(
    Type.Unsafe<string[] | null>({
      type: ['array', 'null'],
      items: Channel,
      maxItems: maxNames,
      description,
    }),
  );
}

const ChangeBody = Type.Object(
  { subscribe: names('Channels to add.'), unsubscribe: names('Channels to leave.') },
  { examples: [{ subscribe: ['alerts'], unsubscribe: ['news'] }] },
);

const ChangeAnswer = Type.Object(
  { channels: Type.Array(Type.String(), { description: 'The channels of the stream from now on.' }) },
  { examples: [{ channels: ['alerts'] }] },
);

/** `GET /sse/connect`, which the events transport takes over, and the change of an open stream. */
export const addStreams: Resource = (app, parts) => {
  const tags = ['streams'];

  app.get(
    '/sse/connect',
    {
      schema: {
        tags,
        description: 'Opens a stream of Server-Sent Events.',
        querystring: StreamQuery,
        response: {
          200: { description: 'The stream.', content: { 'text/event-stream': { schema: Type.String() } } },
          '4xx': ErrorAnswer,
          '5xx': ErrorAnswer,
        },
      },
      // The transport reads the address itself, with the same rules as for a WebSocket's.
      validatorCompiler: () => () => true,
      exposeHeadRoute: false,
    },
    (request, reply) => {
      const fail = failure(reply);
      parts.openStream(request.raw, reply.raw).then(
        () => {
          handOver(request.raw.socket);
          reply.hijack();
        },
        (thrown: unknown) => {
          if (!reply.raw.headersSent) return fail(thrown);
          parts.report(thrown);
          reply.raw.destroy();
        },
      );
    },
  );

  app.post(
    '/sse/connections/:id/channels',
    {
      schema: {
        tags,
        description: 'Changes the channels of an open stream.',
        params: Type.Object({
          id: Type.String({ description: 'The `connection_id` of the event `connected`.' }),
        }),
        body: ChangeBody,
        response: answers(ChangeAnswer),
      },
      onRequest: new Authorization(parts).identify({ required: parts.policy.sseAuthRequired }),
    },
    (request, reply) => {
      const { subscribe, unsubscribe } = request.body;
      const change = {
        subscribe: checkNames(subscribe, 'subscribe'),
        unsubscribe: checkNames(unsubscribe, 'unsubscribe'),
      };
      parts.directory
        .changeStream(request.params.id, request.principal, change)
        .then((answer) => reply.send(answer))
        .catch(failure(reply));
    },
  );
};

function checkNames(list: readonly string[] | null | undefined, field: string): string[] {
  return (list ?? []).map((name, at) => checkChannelName(name, `${field}[${at}]`));
}
