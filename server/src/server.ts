import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { OpenManagement } from './access/management.ts';
import { offersWebSocket, serveOffer } from './api/offered.ts';
import { type Assembly, assemble } from './assembly.ts';
import { type Clock, systemClock } from './clock.ts';
import { descriptorNeeds } from './commons.ts';
import { developmentSecret, needsDevelopmentSecret } from './config/secret.ts';
import type { Settings } from './config/settings.ts';
import { isLoopback, listenFailed, urlOf } from './listen.ts';
import { Pipeline } from './middleware/pipeline.ts';
import { announce } from './ops/announce.ts';
import { warnOfFewDescriptors } from './ops/descriptors.ts';
import { Drain } from './ops/drain.ts';
import { watchRefusals } from './ops/refusals.ts';
import type { Serve } from './transport/http/visitor.ts';
import type { Log } from './transport/node.ts';
import { originForm } from './transport/well-formed.ts';

/** A running server. */
export interface Server {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  /** What of management needs no credentials, for requests that nobody forwarded. */
  readonly management: OpenManagement;
  /** Lets what was accepted be committed and delivered, closes every connection with 1012, and lets go of the file. */
  close(): Promise<void>;
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
  announce(settings, log);
  const management = managementOf(settings);
  const extend = (report: (thrown: unknown) => void) => ({ pipeline: new Pipeline(report) });
  return listen(await assemble(settings, { log, clock, management, extend }), management);
}

/** Milliseconds between two looks for connections that have nothing more to do, while the server ends. */
const idleSweep = 50;

/**
 * Connections that the system may have accepted before the server comes to them: when thousands of clients come back
 * at once, those that find no place there try again after seconds only.
 */
const backlog = 4_096;

/** Where an assembly listens. */
export interface Place {
  /** @default the one of the settings */
  readonly port?: number | undefined;
  /** Other threads listen there as well, and the system chooses who gets a connection. @default false */
  readonly shared?: boolean;
}

/** Serves an assembly on a port of its own. Throws a StartError, having let go of everything. */
export async function listen(
  assembly: Assembly,
  management: OpenManagement,
  { port = assembly.settings.listen.port, shared = false }: Place = {},
): Promise<Server> {
  const { app, webSockets, settings, node, door } = assembly;
  passDoor(assembly);
  const drain = createDrain(assembly, {
    stop: () => {
      door.cutIdle();
      webSockets.cutLingering();
      // A connection whose last request is answered meanwhile would be kept for the next one.
      const sweep = setInterval(() => door.cutIdle(), idleSweep);
      return app.close().finally(() => clearInterval(sweep));
    },
    cut: () => app.server.closeAllConnections(),
  });
  const { host } = settings.listen;
  try {
    await app.listen({ host, port, backlog, ...(shared ? { reusePort: true } : {}) });
  } catch (thrown) {
    await drain.run();
    throw listenFailed(thrown, { host, port });
  }
  const url = urlOf(app.server.address(), host) + settings.listen.basePath;
  if (!shared) warnOfFewDescriptors(descriptorNeeds(settings), node.log);
  node.log.info({ url, managementOpen: management !== 'nothing' }, 'listening');
  return { url, management, close: () => drain.run() };
}

/** Whatever comes to the port passes the door first. */
function passDoor({ app, webSockets, streams, door }: Assembly): void {
  const { server } = app;
  const [serve] = server.listeners('request') as Serve[];
  server.removeAllListeners('request');
  const take: Serve = (http, response) => {
    http.url = originForm(http);
    if (serve) door.take(http, response, serve);
  };
  server.on('request', take);
  server.on('upgrade', (http, socket, head) => {
    if (streams.intercept(http)) return;
    http.url = originForm(http);
    if (!offersWebSocket(http)) {
      serveOffer(http, socket as Socket, take);
      return;
    }
    door.upgrading(http);
    webSockets.upgrade(http, socket, head);
  });
  door.watch(server);
}

/** How the assembly ends; `way` is what it is reached through. */
export function createDrain({ node, settings, metrics, door }: Assembly, way: Drain['door']): Drain {
  const { clock, log } = node;
  const stop = watchRefusals({ clock, log, refusals: metrics.transport.refusals });
  const ended = (): void => {
    stop();
    door.close();
  };
  return new Drain(way, { ...node, timeout: settings.shutdown.timeout, ended });
}

/**
 * Nothing but on a development server that only this machine can reach: there all while no key is set, and the older
 * system's own commands, which carry none, while credentials were said not to be required.
 */
export function managementOf({
  production,
  apiKeys,
  guestsInvited,
  listen: { host },
}: Settings): OpenManagement {
  if (production || !isLoopback(host)) return 'nothing';
  if (apiKeys.keys.length === 0) return 'all';
  return guestsInvited ? 'commands' : 'nothing';
}
