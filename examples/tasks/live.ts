import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Tasks } from './tasks.ts';

/** The application's own WebSocket, at `/live`: how many tasks there are, now and whenever that changes. */
export class Live {
  readonly #webSockets: WebSocketServer;
  readonly #tasks: Tasks;

  constructor(server: Server, tasks: Tasks) {
    this.#tasks = tasks;
    this.#webSockets = new WebSocketServer({ server, path: '/live' });
    this.#webSockets.on('connection', (socket) => {
      // A client's fault closes its socket; unheard, it would end the program.
      socket.on('error', () => {});
      socket.send(this.#text());
    });
  }

  tell(): void {
    for (const client of this.#webSockets.clients) client.send(this.#text());
  }

  close(): void {
    this.#webSockets.close();
    for (const client of this.#webSockets.clients) client.close(1001);
  }

  #text(): string {
    return JSON.stringify({ tasks: this.#tasks.all.length });
  }
}
