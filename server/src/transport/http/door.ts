import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { type AnswerLimits, Answers } from './answers.ts';
import { type CutMeter, type HttpFigures, noCutMeter } from './meter.ts';
import { Turns, type TurnsParts } from './turns.ts';
import type { Serve } from './visitor.ts';
import { type VisitorLimits, type VisitorParts, Visitors } from './visitors.ts';

export interface HttpLimits extends VisitorLimits, AnswerLimits {
  /** Requests that came and are not answered, of all connections together. */
  readonly requests: number;
}

export interface HttpDoorParts extends Pick<VisitorParts, 'knows'>, Pick<TurnsParts, 'carries'> {
  readonly limits: HttpLimits;
  readonly clock: Clock;
  /** @default one that counts nothing */
  readonly meter?: CutMeter;
}

/**
 * What all who come by HTTP pass: limits for connections, for requests that wait, and for answers that nobody reads.
 * On the server of another program they hold for the requests that are ours; its connections are its own.
 */
export class HttpDoor {
  readonly limits: HttpLimits;
  readonly #visitors: Visitors;
  readonly #answers: Answers;
  readonly #turns: Turns;
  readonly #stop: () => void;

  constructor({ limits, clock, meter = noCutMeter, knows, carries }: HttpDoorParts) {
    this.limits = limits;
    this.#visitors = new Visitors({ limits, meter, knows });
    this.#answers = new Answers(limits, meter);
    this.#turns = new Turns({
      visitors: this.#visitors,
      answers: this.#answers,
      limit: limits.requests,
      meter,
      carries,
    });
    const stop = clock.every(this.#answers.interval, () => {
      this.#visitors.sweep();
      this.#answers.look();
    });
    this.#stop = () => {
      stop();
      meter.close?.();
    };
  }

  /** From now on the connections of this server, which is ours, have a limit. */
  watch(server: Server): void {
    this.#visitors.watch(server);
  }

  /** A request came; it is served when its turn comes. */
  take(http: IncomingMessage, response: ServerResponse, serve: Serve): void {
    this.#turns.take(http, response, serve);
  }

  /** A WebSocket was asked for: nothing more comes by HTTP, until it is let in or refused. */
  upgrading(http: IncomingMessage): void {
    this.#turns.upgrading(http);
  }

  /** The socket carries a WebSocket or an event stream from now on, and counts as that. */
  leave(socket: Socket): void {
    this.#visitors.leave(socket);
  }

  cutIdle(): void {
    this.#visitors.cutIdle();
  }

  get figures(): HttpFigures {
    const { count, requests } = this.#visitors;
    return { connections: count, requests, unreadBytes: this.#answers.unreadBytes };
  }

  close(): void {
    this.#stop();
  }
}
