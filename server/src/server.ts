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
import { isLoopback, listenFailed, urlOf } from './listen.ts';
import { createNode } from './node.ts';
import { Drain } from './ops/drain.ts';
import { faultReporter } from './ops/log.ts';
import { Metrics } from './ops/metrics.ts';
import { watchRefusals } from './ops/refusals.ts';
import { Admission } from './transport/admission.ts';
import { Enforcer } from './transport/enforcer.ts';
import type { Log, Node } from './transport/node.ts';
import { SseTransport } from './transport/sse/server.ts';
import { WebSocketTransport } from './transport/websocket/server.ts';
import { version } from './version.ts';

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
  readonly metrics: Metrics;
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
  const managementOpen = isManagementOpen(settings);
  const metrics = new Metrics({ version, engine: settings.engine.kind, managementOpen });
  const report = faultReporter(log, () => metrics.fault());
  const engine = createEngine(settings, clock, report);
  const node = createNode(settings, { engine, clock, log, report, metrics });
  const access = await createAccess(settings, node.hub, engine, clock, node.report);
  const enforcer = new Enforcer(node.hub, access);
  const core: Core = { settings, engine, node, access, enforcer, metrics };
  const app = wireTransports(core);

  await node.hub.open();
  await access.rooms.open();
  await access.revocations.open();
  log.info({ version, engine: settings.engine.kind }, 'engine open');
  const ended = watchRefusals({ clock, log, refusals: metrics.transport.refusals });
  const drain = new Drain({ app, ...node, timeout: settings.shutdown.timeout, ended });
  try {
    await app.listen(settings.listen);
  } catch (thrown) {
    await drain.run();
    throw listenFailed(thrown, settings.listen);
  }
  const url = urlOf(app.server.address(), settings.listen.host);
  log.info({ url, managementOpen }, 'listening');
  return { url, managementOpen, close: () => drain.run() };
}

/** The HTTP application, with both transports on its server. */
function wireTransports(core: Core): ReturnType<typeof createApi> {
  const { settings, engine, node, access, enforcer, metrics } = core;
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
    meter: metrics.http,
    metrics,
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
  app.server.on('upgrade', (http, socket, head) => {
    if (!streams.intercept(http)) webSockets.upgrade(http, socket, head);
  });
  return app;
}

function isManagementOpen({ production, apiKeys, listen }: Settings): boolean {
  return !production && apiKeys.keys.length === 0 && isLoopback(listen.host);
}

function sseDisabled(): FanwireError {
  return new FanwireError('not_found', 'Server-Sent Events are switched off here (SSE_ENABLED)');
}
