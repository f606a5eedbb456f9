import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { BasePath } from '../transport/base-path.ts';
import { addActivity } from './activity.ts';
import { makeAnswer } from './answer.ts';
import { addBatch } from './batch.ts';
import { acceptJson } from './body.ts';
import { addChannels } from './channels.ts';
import { addConnections } from './connections.ts';
import { addDisconnect } from './disconnect.ts';
import { FastLane } from './fast-lane.ts';
import { Front } from './front.ts';
import { addHealth } from './health.ts';
import { answerBadHttp, answerExpectation, serverOptions } from './http-server.ts';
import { logAnswer } from './log.ts';
import { addMessages } from './messages.ts';
import { noHttpMeter } from './meter.ts';
import { addMetrics } from './metrics.ts';
import { addOpenApi, describeRoutes } from './openapi.ts';
import { addPages } from './pages.ts';
import type { ApiParts, FastifyTypeBox, Resource } from './parts.ts';
import { addPresence } from './presence.ts';
import { addPublish } from './publish.ts';
import { checkQueryNames } from './query-names.ts';
import { addRemoval } from './removal.ts';
import { addRevocation } from './revocation.ts';
import { addRooms } from './rooms.ts';
import { addSocketAddresses, isShadowed } from './socket-addresses.ts';
import { addSsePublishing } from './sse-publishing.ts';
import { addStats } from './stats.ts';
import { addStreams } from './streams.ts';
import { addTickets } from './tickets.ts';
import { compileValidator } from './validation.ts';
import { addWebSocketPublishing } from './websocket-publishing.ts';

export type { ApiParts, ApiPolicy } from './parts.ts';

const resources: readonly Resource[] = [
  addHealth,
  addOpenApi,
  addPages,
  addPublish,
  addBatch,
  addWebSocketPublishing,
  addSsePublishing,
  addTickets,
  addStreams,
  addStats,
  addMetrics,
  addActivity,
  addConnections,
  addDisconnect,
  addRevocation,
  addChannels,
  addMessages,
  addRemoval,
  addPresence,
  addRooms,
  addSocketAddresses,
];

/** The HTTP server with all its routes, not listening yet. Upgrades are left to whoever listens for them. */
export function createApi(parts: ApiParts): FastifyInstance {
  const { policy, report, meter = noHttpMeter } = parts;
  const base = parts.base ?? new BasePath('');
  const front = new Front(parts, base);
  const answer = makeAnswer(report, meter);
  const app = fastify({
    ...serverOptions(policy.maxDataBytes, policy.keepAliveTimeout),
    clientErrorHandler: (fault, socket) => answerBadHttp(fault, socket, parts),
    frameworkErrors: (error, request, reply) => answerUnrouted(error, request, reply),
  });
  const answerUnrouted = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    recordAnswer(parts, request, reply);
    const refuse = (refusal: unknown): void => answer(refusal, request, reply);
    try {
      const admitted = front.admit(request, reply);
      if (admitted) admitted.then(() => answer(error, request, reply)).catch(refuse);
      else answer(error, request, reply);
    } catch (refusal) {
      refuse(refusal);
    }
  };
  app.server.on('checkExpectation', (http, response) => answerExpectation(http, response, parts));
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler(answer);
  acceptJson(app);
  app.decorateRequest('principal');
  app.addHook('onRequest', (request, reply, done) => {
    recordAnswer(parts, request, reply);
    const goOn = (): void => {
      if (request.is404 || isShadowed(app, request)) {
        front.turnAway(app, request, reply);
        return;
      }
      checkQueryNames(request);
      done();
    };
    const admitted = front.admit(request, reply);
    if (admitted) admitted.then(goOn).catch(done);
    else goOn();
  });
  describeRoutes(app, parts);
  const lane = new FastLane(parts, serverOptions(policy.maxDataBytes).bodyLimit);
  openLane(app, lane, base);
  void app.register((scope: FastifyTypeBox, _options, done) => {
    for (const add of resources) add(scope, { ...parts, lane });
    done();
  });
  return app;
}

/** Every request goes by the lane before the router sees it. */
function openLane(app: FastifyInstance, lane: FastLane, base: BasePath): void {
  const [routing] = app.server.listeners('request');
  app.server.removeAllListeners('request');
  app.server.on('request', (http, response) => {
    base.enter(http);
    if (!lane.take(http, response)) routing?.call(app.server, http, response);
  });
  app.addHook('preClose', (done) => {
    lane.close();
    done();
  });
}

/**
 * Writes down the answer once it is sent. Fastify has a hook for that, which costs every request four changes to its
 * listeners instead of one.
 */
function recordAnswer(
  { log, meter = noHttpMeter }: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const began = performance.now();
  reply.raw.on('finish', () => {
    const ms = performance.now() - began;
    const { id, method, url } = request;
    logAnswer(log, { id, method, url, status: reply.statusCode }, ms);
    meter.answered(request.routeOptions.url ?? null, request.method, reply.statusCode, ms);
  });
}
