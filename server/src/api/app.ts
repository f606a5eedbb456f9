import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { makeAnswer } from './answer.ts';
import { acceptJson } from './body.ts';
import { addConnections } from './connections.ts';
import { Front } from './front.ts';
import { addHealth } from './health.ts';
import { answerBadHttp, answerExpectation, serverOptions } from './http-server.ts';
import { logAnswer } from './log.ts';
import { addMessages } from './messages.ts';
import type { ApiParts, FastifyTypeBox, Resource } from './parts.ts';
import { addPresence } from './presence.ts';
import { addSsePublishing } from './sse-publishing.ts';
import { addStats } from './stats.ts';
import { addStreams } from './streams.ts';
import { addTickets } from './tickets.ts';
import { compileValidator } from './validation.ts';
import { addWebSocketPublishing } from './websocket-publishing.ts';

export type { ApiParts, ApiPolicy, StreamChange } from './parts.ts';

const resources: readonly Resource[] = [
  addHealth,
  addWebSocketPublishing,
  addSsePublishing,
  addTickets,
  addStreams,
  addStats,
  addConnections,
  addMessages,
  addPresence,
];

/** The HTTP server with all its routes, not listening yet. Upgrades are left to whoever listens for them. */
export function createApi(parts: ApiParts): FastifyInstance {
  const { log, policy, report } = parts;
  const front = new Front(parts.origin, policy.apiKeyHeader);
  const answer = makeAnswer(report);
  const app = fastify({
    ...serverOptions(policy.maxDataBytes),
    clientErrorHandler: answerBadHttp,
    frameworkErrors: (error, request, reply) => answerUnrouted(error, request, reply),
  });
  const answerUnrouted = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    reply.raw.once('finish', () => logAnswer(log, request, reply));
    try {
      front.admit(request, reply);
      answer(error, request, reply);
    } catch (refusal) {
      answer(refusal, request, reply);
    }
  };
  app.server.on('checkExpectation', answerExpectation);
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler(answer);
  acceptJson(app);
  app.decorateRequest('principal');
  app.addHook('onRequest', (request, reply, done) => {
    front.admit(request, reply);
    if (request.is404) front.turnAway(app, request, reply);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logAnswer(log, request, reply);
    done();
  });
  void app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Fanwire', version: '1' } } });
  void app.register((scope: FastifyTypeBox, _options, done) => {
    for (const add of resources) add(scope, parts);
    done();
  });
  return app;
}
