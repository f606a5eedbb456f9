import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Assembly } from '../assembly.ts';
import { StartError } from '../errors.ts';
import type { Drain } from '../ops/drain.ts';
import { createDrain, type Server } from '../server.ts';
import { originForm } from '../transport/well-formed.ts';
import { attach, type Guest } from './attach.ts';
import type { Place } from './fanwire.ts';

/** Of a room's WebSocket, unless there is something else of ours. */
const roomPath = /^\/ws\/[^/]*$/;
/** Addresses of pages that are those of a WebSocket as well. */
const sharedPages: ReadonlySet<string> = new Set(['/', '/ws/test-page']);

const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'] as const;

/** On the HTTP server of an application. It serves its own paths there, and leaves all others alone. */
export class Attached implements Place, Guest {
  readonly #assembly: Assembly;
  readonly #except: readonly string[];
  readonly #drain: Drain;

  private constructor(assembly: Assembly, server: HttpServer, except: readonly string[]) {
    this.#assembly = assembly;
    this.#except = except;
    const detach = attach(server, this);
    this.#drain = createDrain(assembly, {
      stop: () => {
        detach();
        assembly.webSockets.cutLingering();
        return assembly.app.close();
      },
      cut: () => {},
    });
  }

  static async to(server: HttpServer, assembly: Assembly, except: readonly string[]): Promise<Attached> {
    await assembly.app.ready();
    return new Attached(assembly, server, except);
  }

  ownsRequest(http: IncomingMessage): boolean {
    const url = this.#inner(http);
    if (url === null) return false;
    const path = pathOf(url);
    const { app, webSockets, settings } = this.#assembly;
    // Pages of the application's own: without ours, only WebSockets are ours there.
    if (!settings.pages.enabled && sharedPages.has(path)) return false;
    const isRoom =
      roomPath.test(path) && !methods.some((known) => app.hasRoute({ method: known, url: path }));
    if (isRoom) return (http.method === 'GET' || http.method === 'HEAD') && webSockets.serves(url);
    return methods.some((known) => app.findRoute({ method: known, url }) !== null);
  }

  ownsUpgrade(http: IncomingMessage): boolean {
    const url = this.#inner(http);
    return url !== null && this.#assembly.webSockets.serves(url);
  }

  request(http: IncomingMessage, response: ServerResponse): void {
    const { door, app, base } = this.#assembly;
    http.url = originForm(http);
    base.enter(http);
    door.take(http, response, app.routing);
  }

  upgrade(http: IncomingMessage, socket: Socket, head: Buffer): void {
    const { door, webSockets } = this.#assembly;
    http.url = originForm(http);
    door.upgrading(http);
    webSockets.upgrade(http, socket, head);
  }

  streams(socket: Socket): boolean {
    return this.#assembly.streams.carries(socket);
  }

  listen(): Promise<Server> {
    return Promise.reject(
      new StartError('listen: this server is attached to another one: let that one listen.'),
    );
  }

  close(): Promise<void> {
    return this.#drain.run();
  }

  /** The target below the base path; null for what is the application's. */
  #inner(http: IncomingMessage): string | null {
    const url = originForm(http);
    // What is for another host is not ours.
    const inner = url.startsWith('/') ? this.#assembly.base.inner(url) : null;
    return inner === null || this.#leaves(inner) ? null : inner;
  }

  #leaves(url: string): boolean {
    const path = pathOf(url);
    return this.#except.some(
      (left) => path === left || (left !== '/' && path.startsWith(left.endsWith('/') ? left : `${left}/`)),
    );
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}
