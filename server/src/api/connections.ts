import { Type } from 'typebox';
import type { Gate } from '../access/gate.ts';
import type { Principal } from '../access/principal.ts';
import { FanwireError } from '../errors.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { ConnectionInfo } from './directory.ts';
import type { Resource } from './parts.ts';
import { answers, cursorParameter, DoneAnswer, nextCursor, pageLimit } from './schemas.ts';
import { channelParameter } from './validation.ts';

const ConnectionEntry = Type.Object({
  id: Type.String(),
  user_id: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description: 'Null when nobody said who it is.',
  }),
  dialect: Type.String({ description: 'relay, room, channel, chat or events.' }),
  transport: Type.String({ description: 'websocket or sse.' }),
  remote_address: Type.String(),
  connected_at: Type.Integer({ description: 'Unix milliseconds.' }),
  channels: Type.Array(Type.String(), { description: 'Without private rooms that the caller may not see.' }),
  queued_messages: Type.Integer({ description: 'Waiting because the client does not read them.' }),
  queued_bytes: Type.Integer(),
});

const ConnectionsQuery = Type.Object({
  user: Type.Optional(Type.String({ minLength: 1, description: 'Only this user’s.' })),
  channel: Type.Optional(Type.String({ minLength: 1, description: 'Only those in this channel.' })),
  limit: pageLimit(100),
  cursor: cursorParameter,
});

const ConnectionsAnswer = Type.Object({
  connections: Type.Array(ConnectionEntry, { description: 'In the order of their coming.' }),
  total: Type.Integer({ description: 'How many match, on all pages.' }),
  next: nextCursor,
});

/** `GET /ws/connections` and `DELETE /ws/connections/{id}`. */
export const addConnections: Resource = (app, parts) => {
  const { directory, gate } = parts;
  const authorization = new Authorization(parts);
  const tags = ['management'];

  app.get(
    '/ws/connections',
    {
      schema: {
        tags,
        description: 'Lists open connections.',
        querystring: ConnectionsQuery,
        response: answers(ConnectionsAnswer),
      },
      onRequest: authorization.need('read', { command: true }),
    },
    (request, reply) => {
      const { principal, query } = request;
      const { user, limit = 100, cursor } = query;
      const channel = query.channel === undefined ? undefined : channelParameter(query.channel);
      if (channel !== undefined) gate.check(principal, 'presence', channel);
      const after = cursor === undefined ? 0 : serialOf(cursor);
      directory
        .connections({ user, channel, after, limit: limit + 1 })
        .then(({ connections: found, total }) => {
          const page = found.slice(0, limit);
          const last = found.length > limit ? page.at(-1) : undefined;
          reply.send({
            connections: page.map((connection) => entry(connection, gate, principal)),
            total,
            ...(last ? { next: cursorOf(last.serial) } : {}),
          });
        })
        .catch(failure(reply));
    },
  );

  app.delete(
    '/ws/connections/:id',
    {
      schema: {
        tags,
        description: 'Closes a connection with code 4410.',
        params: Type.Object({ id: Type.String({ description: 'The id of the connection.' }) }),
        response: answers(DoneAnswer),
      },
      onRequest: authorization.need('manage'),
    },
    (request, reply) => {
      directory
        .close(request.params.id)
        .then((found) => {
          if (!found) throw new FanwireError('not_found', 'no connection has this id');
          reply.send({ ok: true });
        })
        .catch(failure(reply));
    },
  );
};

function entry(connection: ConnectionInfo, gate: Gate, principal: Principal) {
  return {
    id: connection.id,
    user_id: connection.user,
    dialect: connection.dialect,
    transport: connection.transport,
    remote_address: connection.remoteAddress,
    connected_at: connection.connectedAt,
    channels: connection.channels.filter((name) => gate.may(principal, 'presence', name)),
    queued_messages: connection.queuedMessages,
    queued_bytes: connection.queuedBytes,
  };
}

function cursorOf(serial: number): string {
  return Buffer.from(String(serial)).toString('base64url');
}

function serialOf(cursor: string): number {
  const serial = Number(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (Number.isSafeInteger(serial) && serial > 0 && cursorOf(serial) === cursor) return serial;
  throw new FanwireError('bad_request', 'cursor: not one that this server gave', { status: 400 });
}
