import type { IncomingMessage } from 'node:http';
import type { Static, TSchema } from 'typebox';
import type { Principal } from '../access/principal.ts';
import { failure, jsonType, send } from './answer.ts';
import { Authorization } from './authorization.ts';
import { IdempotencyHeader } from './idempotency.ts';
import type { FastifyTypeBox, ResourceParts } from './parts.ts';
import { answers, PublishedAnswer } from './schemas.ts';
import { compileShape } from './validation.ts';

/** A request to publish, whose body has the right shape and whose principal the right scope. */
export interface Posting<Body> {
  readonly principal: Principal;
  readonly http: IncomingMessage;
  readonly body: Body;
  /** The body as it was written. */
  readonly text: string;
}

/** Called once: with the answer's JSON text, or with what was thrown, of whatever kind. */
export type Answered = (thrown: unknown, text: string) => void;

/** A route by which messages are published. */
export interface PostingRoute<Body extends TSchema> {
  readonly url: string;
  readonly description: string;
  readonly body: Body;
  /** One of the older system's commands, which carry no key. @default false */
  readonly command?: boolean;
  /** @default a receipt */
  readonly answer?: TSchema;
  /** Throws a FanwireError for what is wrong, or calls back. */
  handle(posting: Posting<Static<Body>>, answered: Answered): void;
}

/** What the fast lane knows of a route: its body's shape is a matter of the compiled schema. */
export interface LaneRoute {
  readonly url: string;
  problem(body: unknown): string | null;
  handle(posting: Posting<unknown>, answered: Answered): void;
}

/**
 * Adds the route twice, with the same schema and handler: to Fastify, and to the fast lane, which serves the requests
 * that have nothing unusual about them.
 */
export function addPosting<Body extends TSchema>(
  app: FastifyTypeBox,
  parts: ResourceParts,
  route: PostingRoute<Body>,
): void {
  const { url, description, body, command = false, answer = PublishedAnswer, handle } = route;
  parts.lane.add({
    url,
    problem: compileShape(body, 'the body'),
    handle: handle as LaneRoute['handle'],
  });
  app.post(
    url,
    {
      schema: {
        tags: ['messages'],
        description,
        headers: IdempotencyHeader,
        body,
        response: answers(answer),
      },
      // The answers are made by hand.
      serializerCompiler: () => JSON.stringify,
      onRequest: new Authorization(parts).need('publish', { command }),
    },
    (request, reply) => {
      const { principal, raw: http, bodyText: text = '' } = request;
      handle({ principal, http, body: request.body as Static<Body>, text }, (thrown, answered) => {
        if (thrown === null) send(reply.type(jsonType), answered);
        else failure(reply)(thrown);
      });
    },
  );
}
