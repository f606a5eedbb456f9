import type { OpenManagement } from '../access/management.ts';
import type { Assembly } from '../assembly.ts';
import { StartError } from '../errors.ts';
import { createDrain, listen, type Server } from '../server.ts';
import type { Place } from './fanwire.ts';

/** A server on a port of its own, from the moment on that it is told to listen. */
export class OwnPort implements Place {
  readonly #assembly: Assembly;
  readonly #management: OpenManagement;
  #server: Promise<Server> | null = null;
  #closed: Promise<void> | null = null;

  constructor(assembly: Assembly, management: OpenManagement) {
    this.#assembly = assembly;
    this.#management = management;
  }

  listen(port: number | undefined): Promise<Server> {
    if (this.#closed)
      return Promise.reject(new StartError('listen: this server is closed; make another one.'));
    if (this.#server) return Promise.reject(new StartError('listen: this server is listening already.'));
    this.#server = listen(this.#assembly, this.#management, { port });
    return this.#server;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#server === null) await this.#closeUnheard();
    // One that could not listen has closed itself.
    else await this.#server.then((server) => server.close()).catch(() => {});
  }

  #closeUnheard(): Promise<void> {
    const { app } = this.#assembly;
    return createDrain(this.#assembly, { stop: () => app.close(), cut: () => {} }).run();
  }
}
