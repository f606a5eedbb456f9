import { Type } from 'typebox';
import type { TransportName } from '../transport/capacity.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { ServerStats } from './directory.ts';
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
  const { directory, capacity } = parts;
  const answer = ({ transports, channels, subscriptions }: ServerStats) => {
    const statsOf = (transport: TransportName) => {
      const { total, users } = transports[transport];
      return { total, max: capacity.limits[transport], users };
    };
    const [websocket, sse] = [statsOf('websocket'), statsOf('sse')];
    const total_connections = websocket.total + sse.total;
    return { websocket, sse, channels: { total: channels, subscriptions }, total_connections };
  };
  app.get(
    '/ws/stats',
    {
      schema: {
        tags: ['management'],
        description: 'How many are connected.',
        response: answers(StatsAnswer),
      },
      onRequest: new Authorization(parts).need('read', { command: true }),
    },
    (_request, reply) => {
      directory
        .stats()
        .then((stats) => reply.send(answer(stats)))
        .catch(failure(reply));
    },
  );
};
