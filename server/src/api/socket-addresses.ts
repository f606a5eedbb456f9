import type { FastifyInstance, FastifyRequest } from 'fastify';
import { failure } from './answer.ts';
import type { Resource } from './parts.ts';

const room = '/ws/:room';

/**
 * The addresses of WebSockets, for a request that asks for no upgrade: scripts in a browser see nothing of a refused
 * upgrade, and find out here why. To be added last: `/` may be a page.
 */
export const addSocketAddresses: Resource = (app, { refuseSocket }) => {
  const free = ['/', '/ws', '/ws/connect', room].filter((url) => !app.hasRoute({ method: 'GET', url }));
  for (const url of free) {
    app.get(url, { schema: { hide: true } }, (request, reply) => {
      const fail = failure(reply);
      refuseSocket(request.raw).then(fail, fail);
    });
  }
};

/** Whether there is a call of the API at this address, by some other method, rather than the room of that name. */
export function isCall(app: FastifyInstance, url: string): boolean {
  return url.startsWith('/ws/') && app.hasRoute({ method: 'POST', url: url.split('?', 1)[0] ?? '' });
}

/** Whether a request for the room of a name is for a call of the API by another method. */
export function isShadowed(app: FastifyInstance, { routeOptions, url }: FastifyRequest): boolean {
  return routeOptions.url === room && isCall(app, url);
}
