import { Type } from 'typebox';
import type { TransportName } from '../transport/capacity.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers } from './schemas.ts';

const TransportStats = Type.Object({
  total: Type.Integer({ description: 'Open connections.' }),
  max: Type.Integer({ description: 'Most that may be open.' }),
  users: Type.Integer({ description: 'Different user names among them.' }),
});

const StatsAnswer = Type.Object(
  {
    websocket: TransportStats,
    sse: TransportStats,
    channels: Type.Object({
      total: Type.Integer({ description: 'Channels with a subscriber on this node.' }),
      subscriptions: Type.Integer(),
    }),
    total_connections: Type.Integer(),
  },
  {
    examples: [
      {
        websocket: { total: 2, max: 1000, users: 1 },
        sse: { total: 0, max: 500, users: 0 },
        channels: { total: 3, subscriptions: 5 },
        total_connections: 2,
      },
    ],
  },
);

/** `GET /ws/stats`: counters that are kept anyway; nothing is counted for the answer. */
export const addStats: Resource = (app, parts) => {
  const { hub, capacity } = parts;
  const statsOf = (transport: TransportName) => ({
    total: capacity.count(transport),
    max: capacity.limits[transport],
    users: hub.connections.users(transport),
  });
  app.get(
    '/ws/stats',
    {
      schema: {
        tags: ['management'],
        description: 'How many are connected.',
        response: answers(StatsAnswer),
      },
      onRequest: new Authorization(parts).need('read'),
    },
    (_request, reply) => {
      const { channels, subscriptions } = hub.counts;
      const websocket = statsOf('websocket');
      const sse = statsOf('sse');
      reply.send({
        websocket,
        sse,
        channels: { total: channels, subscriptions },
        total_connections: websocket.total + sse.total,
      });
    },
  );
};
