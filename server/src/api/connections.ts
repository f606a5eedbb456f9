import { Type } from 'typebox';
import type { Gate } from '../access/gate.ts';
import { isReserved } from '../access/names.ts';
import type { Principal } from '../access/principal.ts';
import { FanwireError } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Recipient } from '../hub/recipient.ts';
import { Connection } from '../transport/connection.ts';
import { Authorization } from './authorization.ts';
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
  const { hub, gate } = parts;
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
      onRequest: authorization.need('read'),
    },
    (request, reply) => {
      const { principal, query } = request;
      const { user, limit = 100, cursor } = query;
      const channel = query.channel === undefined ? undefined : channelParameter(query.channel);
      if (channel !== undefined) gate.check(principal, 'presence', channel);
      const after = cursor === undefined ? 0 : serialOf(cursor);
      const { found, total } = find(hub, { user, channel }, limit + 1, after);
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      reply.send({
        connections: page.filter(isConnection).map((connection) => entry(connection, gate, principal)),
        total,
        ...(last ? { next: cursorOf(last.serial) } : {}),
      });
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
      const connection = hub.connections.get(request.params.id);
      if (!(connection instanceof Connection)) {
        throw new FanwireError('not_found', 'no connection has this id');
      }
      connection.close('administrator');
      reply.send({ ok: true });
    },
  );
};

interface Filter {
  readonly user: string | undefined;
  readonly channel: string | undefined;
}

/** Up to `most` connections behind the serial, in the order of their coming. A filter looks at its matches only. */
function find(hub: Hub, { user, channel }: Filter, most: number, after: number): Found {
  const { connections } = hub;
  if (user === undefined && channel === undefined) {
    return { found: connections.page(most, after), total: connections.size };
  }
  const matching =
    user === undefined
      ? [...(hub.local(channel ?? '')?.subscriptions() ?? [])].map(({ recipient }) => recipient)
      : connections.ofUser(user).filter((peer) => channel === undefined || peer.subscriptions.has(channel));
  const found = matching.filter(({ serial }) => serial > after).sort((a, b) => a.serial - b.serial);
  return { found: found.slice(0, most), total: matching.length };
}

interface Found {
  readonly found: Recipient[];
  readonly total: number;
}

function isConnection(recipient: Recipient): recipient is Connection {
  return recipient instanceof Connection;
}

function entry(connection: Connection, gate: Gate, principal: Principal) {
  const { id, user, dialect, transport, remoteAddress, connectedAt, subscriptions, outbox } = connection;
  const visible = [...subscriptions.keys()].filter(
    (name) => !isReserved(name) && gate.may(principal, 'presence', name),
  );
  return {
    id,
    user_id: user,
    dialect,
    transport,
    remote_address: remoteAddress,
    connected_at: connectedAt,
    channels: visible,
    queued_messages: outbox.queuedMessages,
    queued_bytes: outbox.queuedBytes,
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
