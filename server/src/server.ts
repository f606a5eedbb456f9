import { dirname } from 'node:path';
import { type Access, createAccess } from './access/access.ts';
import { createApi } from './api/app.ts';
import { type Clock, systemClock } from './clock.ts';
import { developmentSecret, needsDevelopmentSecret } from './config/secret.ts';
import type { Settings } from './config/settings.ts';
import { createDialects } from './dialects.ts';
import type { Engine } from './engine/engine.ts';
import { createEngine } from './engines.ts';
import { FanwireError } from './errors.ts';
import { Hub } from './hub/hub.ts';
import { isLoopback, listenFailed, urlOf } from './listen.ts';
import { Drain } from './ops/drain.ts';
import { faultReporter } from './ops/log.ts';
import { Admission } from './transport/admission.ts';
import { Capacity } from './transport/capacity.ts';
import { Enforcer } from './transport/enforcer.ts';
import type { Log, Node } from './transport/node.ts';
import { SseTransport } from './transport/sse/server.ts';
import { WebSocketTransport } from './transport/websocket/server.ts';
import { Wheel } from './transport/wheel.ts';

/** A running server. */
export interface Server {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  /** Management needs no credentials: nobody but this machine can reach it, and no key is configured. */
  readonly managementOpen: boolean;
  /** Lets what was accepted be committed and delivered, closes every connection with 1012, and lets go of the file. */
  close(): Promise<void>;
}

/** The parts that everything else is made of. */
interface Core {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly node: Node;
  readonly access: Access;
  readonly enforcer: Enforcer;
}

/** The settings with the secret in force: a development server without any makes its own. */
export function withSecret(settings: Settings): Settings {
  if (!needsDevelopmentSecret(settings)) return settings;
  const secret = developmentSecret(dirname(settings.engine.databasePath));
  return { ...settings, jwt: { ...settings.jwt, secret } };
}

/** Wires the parts and listens. Throws a StartError that tells the operator what to do. */
export async function startServer(given: Settings, log: Log, clock: Clock = systemClock): Promise<Server> {
  const settings = withSecret(given);
  const engine = createEngine(settings, clock, faultReporter(log));
  const node = createNode(settings, engine, log, clock);
  const access = await createAccess(settings, node.hub, engine, clock, node.report);
  const enforcer = new Enforcer(node.hub, access);
  const core: Core = { settings, engine, node, access, enforcer };
  const app = wireTransports(core);

  await node.hub.open();
  await access.rooms.open();
  await access.revocations.open();
  const drain = new Drain({ app, ...node, timeout: settings.shutdown.timeout });
  try {
    await app.listen(settings.listen);
  } catch (thrown) {
    await drain.run();
    throw listenFailed(thrown, settings.listen);
  }
  const url = urlOf(app.server.address(), settings.listen.host);
  return { url, managementOpen: isManagementOpen(settings), close: () => drain.run() };
}

function createNode({ limits, websocket, sse }: Settings, engine: Engine, log: Log, clock: Clock): Node {
  const report = faultReporter(log);
  return {
    hub: new Hub({ engine, clock, report }),
    wheel: new Wheel(clock, report),
    capacity: new Capacity({
      connections: limits.connections,
      websocket: websocket.maxConnections,
      sse: sse.maxConnections,
    }),
    clock,
    log,
    report,
    limits: {
      messages: websocket.queueSize,
      bytes: limits.backlogBytes,
      clock,
      messageRate: limits.messageRate,
    },
  };
}

/** The HTTP application, with both transports on its server. */
function wireTransports({ settings, engine, node, access, enforcer }: Core): ReturnType<typeof createApi> {
  const { websocket, sse } = settings;
  const services = {
    ...node,
    ...access,
    presence: engine.presence,
    maxChannels: settings.limits.channelsPerConnection,
    maxDataBytes: sse.maxMessageSize,
  };
  const dialects = createDialects(services, settings);
  const admission = new Admission(access);
  const webSockets = new WebSocketTransport({
    node,
    admission,
    dialects: websocket.enabled ? dialects.webSocket : [],
    maxMessageSize: websocket.maxMessageSize,
  });
  const streams = new SseTransport({ node, admission, dialect: dialects.events });
  const app = createApi({
    ...node,
    ...access,
    presence: engine.presence,
    engine,
    enforcer,
    policy: {
      managementOpen: isManagementOpen(settings),
      sseAuthRequired: sse.authRequired,
      maxDataBytes: sse.maxMessageSize,
      apiKeyHeader: settings.apiKeys.header,
    },
    openStream: (http, response) =>
      sse.enabled ? streams.open(http, response) : Promise.reject(sseDisabled()),
    changeStream: (id, principal, change) => streams.change(id, principal, change),
  });
  app.server.prependListener('request', (http) => streams.intercept(http));
  app.server.on('upgrade', (http, socket, head) => webSockets.upgrade(http, socket, head));
  return app;
}

function isManagementOpen({ production, apiKeys, listen }: Settings): boolean {
  return !production && apiKeys.keys.length === 0 && isLoopback(listen.host);
}

function sseDisabled(): FanwireError {
  return new FanwireError('not_found', 'Server-Sent Events are switched off here (SSE_ENABLED)');
}
