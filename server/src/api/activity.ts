import { Type } from 'typebox';
import { activityMinutes } from '../hub/activity.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Resource } from './parts.ts';
import { answers } from './schemas.ts';
import { channelParameter } from './validation.ts';

const ActivityQuery = Type.Object({
  channel: Type.Optional(Type.String({ minLength: 1, description: 'Only this channel’s.' })),
  minutes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: activityMinutes,
      default: activityMinutes,
      description: 'How far back; the last minute is the running one.',
    }),
  ),
});

const ActivityAnswer = Type.Object(
  {
    minutes: Type.Array(
      Type.Object({
        time: Type.Integer({ description: 'When the minute began, in Unix milliseconds.' }),
        messages: Type.Integer({ description: 'Messages published in it.' }),
        users: Type.Integer({ description: 'Different users who published in it.' }),
      }),
      { description: 'Oldest first, quiet ones included.' },
    ),
    messages: Type.Integer({ description: 'The sum of all minutes.' }),
  },
  { examples: [{ minutes: [{ time: 1690000020000, messages: 12, users: 3 }], messages: 12 }] },
);

/** `GET /api/stats/activity`: counters that are kept as messages pass, on this node since it started. */
export const addActivity: Resource = (app, parts) => {
  const { directory, gate } = parts;
  app.get(
    '/api/stats/activity',
    {
      schema: {
        tags: ['management'],
        description: 'Messages and active users per minute, on this node.',
        querystring: ActivityQuery,
        response: answers(ActivityAnswer),
      },
      onRequest: new Authorization(parts).need('read'),
    },
    (request, reply) => {
      const { minutes = activityMinutes, channel: name } = request.query;
      const channel = name === undefined ? undefined : channelParameter(name);
      if (channel !== undefined) gate.check(request.principal, 'presence', channel);
      directory
        .activity(minutes, channel)
        .then((points) => {
          const sum = points.reduce((total, { messages }) => total + messages, 0);
          reply.send({ minutes: [...points], messages: sum });
        })
        .catch(failure(reply));
    },
  );
};
