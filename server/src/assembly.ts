import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Access, createAccess } from './access/access.ts';
import type { OpenManagement } from './access/management.ts';
import { type ApiParts, createApi } from './api/app.ts';
import { LocalDirectory } from './api/local-directory.ts';
import { createCallers } from './callers.ts';
import type { Clock } from './clock.ts';
import { type Commons, type CommonsMaker, httpLimits, localCommons } from './commons.ts';
import type { Settings } from './config/settings.ts';
import { createDialects } from './dialects.ts';
import type { Engine } from './engine/engine.ts';
import { FanwireError, type UnknownErrorReporter } from './errors.ts';
import type { Extensions } from './middleware/extensions.ts';
import { createNode } from './node.ts';
import { CutLog } from './ops/http-cuts.ts';
import { faultReporter } from './ops/log.ts';
import { Metrics } from './ops/metrics.ts';
import { NewChannels } from './publishing/new-channels.ts';
import { Publishing } from './publishing/publishing.ts';
import { StorageQuotas } from './publishing/storage-quotas.ts';
import { Admission } from './transport/admission.ts';
import { BasePath } from './transport/base-path.ts';
import { Enforcer } from './transport/enforcer.ts';
import { HttpDoor } from './transport/http/door.ts';
import type { Log, Node } from './transport/node.ts';
import { SseTransport } from './transport/sse/server.ts';
import { WebSocketTransport } from './transport/websocket/server.ts';
import { version } from './version.ts';

export interface AssemblyOptions<Added extends Extensions> {
  readonly log: Log;
  readonly clock: Clock;
  /** What of management needs no credentials. */
  readonly management: OpenManagement;
  /** What a program adds; `report` is where its faults go. */
  extend(report: UnknownErrorReporter): Added;
  /** @default those of a server that is all on this thread */
  readonly commons?: CommonsMaker;
}

/** Every part of a server, wired together; its engine is open, and nothing listens yet. */
export interface Assembly<Added extends Extensions = Extensions> {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly node: Node;
  readonly access: Access;
  readonly publishing: Publishing;
  readonly enforcer: Enforcer;
  readonly metrics: Metrics;
  /** What it knows of the connections of this thread alone. */
  readonly directory: LocalDirectory;
  readonly extensions: Added;
  /** The HTTP application. */
  readonly app: FastifyInstance;
  readonly webSockets: WebSocketTransport;
  readonly base: BasePath;
  readonly streams: SseTransport;
  /** What all who come by HTTP pass. */
  readonly door: HttpDoor;
}

/** What is made last. */
type Doors = Pick<Assembly, 'app' | 'webSockets' | 'base' | 'streams' | 'directory' | 'door'>;
type Core<Added extends Extensions = Extensions> = Omit<Assembly<Added>, keyof Doors>;

/** Makes the parts and opens the engine. Throws a StartError that tells the operator what to do. */
export async function assemble<Added extends Extensions>(
  settings: Settings,
  options: AssemblyOptions<Added>,
): Promise<Assembly<Added>> {
  const { log, clock, management, commons: makeCommons = localCommons } = options;
  const metrics = new Metrics({
    version,
    engine: settings.engine.kind,
    managementOpen: management !== 'nothing',
  });
  const report = faultReporter(log, () => metrics.fault());
  const extensions = options.extend(report);
  const commons = makeCommons(settings, clock, report);
  const { engine, tickets, counts } = commons;
  const callers = createCallers(settings, { counts, clock, log, meter: metrics.limits });
  const node = createNode(settings, { commons, callers, clock, log, report, metrics, extensions });
  const onEndless = (): void => {
    if (!settings.production)
      log.warn({}, 'a token without exp was accepted: it never expires, and production refuses such');
  };
  const access = await createAccess(settings, node.hub, engine, tickets, callers, clock, {
    report,
    onEndless,
  });
  const enforcer = new Enforcer(node.hub, access);
  const publishing = new Publishing({
    ...node,
    ...access,
    pipeline: extensions.pipeline,
    maxDataBytes: settings.sse.maxMessageSize,
    quotas: new StorageQuotas(
      engine.exhausted,
      new NewChannels({
        perMinute: settings.quotas.channelsPerMinute,
        now: () => clock.monotonic(),
        isKnown: (channel) => (node.hub.local(channel)?.offset ?? 0) > 0,
      }),
    ),
  });
  const core: Core<Added> = { settings, engine, node, access, publishing, enforcer, metrics, extensions };
  const assembly = { ...core, ...addDoors(core, commons, management) };

  await node.hub.open();
  await access.rooms.open();
  await access.revocations.open();
  log.info({ version, engine: settings.engine.kind }, 'engine open');
  return assembly;
}

function addDoors(core: Core, commons: Commons, management: OpenManagement): Doors {
  const { settings, engine, node, access, publishing, extensions } = core;
  const { websocket, limits } = settings;
  const { pipeline } = extensions;
  const services = {
    ...node,
    ...access,
    publishing,
    presence: engine.presence,
    shared: commons.books,
    recoveryWindow: settings.history.windowTtl,
    maxChannels: limits.channelsPerConnection,
  };
  const dialects = createDialects(services, settings);
  const admission = new Admission({ ...access, callers: node.callers, pipeline, clock: node.clock });
  const door = createDoor(core, (socket) => streams.carries(socket));
  const leaves = (socket: Socket): void => door.leave(socket);
  const base = new BasePath(settings.listen.basePath);
  const webSockets = new WebSocketTransport({
    node,
    leaves,
    admission,
    base,
    dialects: websocket.enabled ? dialects.webSocket : [],
    maxMessageSize: websocket.maxMessageSize,
    maxFragments: websocket.maxFragments,
    messageTimeout: websocket.messageTimeout,
    compression: websocket.compression,
  });
  const streams = new SseTransport({ node, leaves, admission, dialect: dialects.events });
  const directory = new LocalDirectory({
    ...node,
    activity: commons.activity,
    changeStream: (id, principal, change) => streams.change(id, principal, change),
  });
  const app = createHttp(
    core,
    { streams, webSockets },
    {
      directory: commons.directory(directory),
      metrics: commons.exposition(core.metrics),
      management,
      base,
    },
  );
  return { webSockets, streams, directory, app, base, door };
}

function createDoor(
  { settings, node, access, metrics }: Core,
  carries: (socket: Socket) => boolean,
): HttpDoor {
  const { clock, log } = node;
  const door = new HttpDoor({
    limits: httpLimits(settings),
    clock,
    meter: new CutLog({ clock, log, meter: metrics.httpLimits }),
    knows: (socket) => access.authenticator.knows(socket),
    carries,
  });
  metrics.httpLimits.watch(door);
  return door;
}

/** What the HTTP API is told of the whole server. */
interface Overview extends Pick<ApiParts, 'directory' | 'metrics'> {
  readonly base: BasePath;
  readonly management: OpenManagement;
}

function createHttp(
  core: Core,
  { streams, webSockets }: Pick<Doors, 'streams' | 'webSockets'>,
  overview: Overview,
): FastifyInstance {
  const { settings, engine, node, access, publishing, enforcer, metrics } = core;
  const { sse, apiKeys } = settings;
  const { directory, metrics: exposition, management, base } = overview;
  return createApi({
    ...node,
    ...access,
    publishing,
    presence: engine.presence,
    engine,
    enforcer,
    directory,
    base,
    meter: metrics.http,
    ...(exposition ? { metrics: exposition } : {}),
    policy: {
      management,
      sseAuthRequired: sse.authRequired,
      maxDataBytes: sse.maxMessageSize,
      apiKeyHeader: apiKeys.header,
      keepAliveTimeout: settings.http.keepAliveTimeout,
      pages: settings.pages,
    },
    refuseSocket: (http) => webSockets.refusal(http),
    openStream: (http, response) =>
      sse.enabled ? streams.open(http, response) : Promise.reject(sseDisabled()),
  });
}

function sseDisabled(): FanwireError {
  return new FanwireError('not_found', 'Server-Sent Events are switched off here (SSE_ENABLED)');
}
