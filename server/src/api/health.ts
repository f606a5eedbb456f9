import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { FanwireError } from '../errors.ts';
import { failure } from './answer.ts';
import type { ApiParts, Resource } from './parts.ts';
import { answers } from './schemas.ts';

const HealthAnswer = Type.Object({ status: Type.Literal('ok') }, { examples: [{ status: 'ok' }] });

const ReadyAnswer = Type.Object(
  { status: Type.Literal('ready'), checks: Type.Object({ engine: Type.Literal('ok') }) },
  { examples: [{ status: 'ready', checks: { engine: 'ok' } }] },
);

/** Milliseconds after which a check that says nothing has failed. */
const checkTimeout = 5_000;

/** `GET /health`: the process lives. `GET /ready`: it can deliver. Both are for probes and need no credentials. */
export const addHealth: Resource = (app, parts) => {
  const tags = ['health'];
  app.get(
    '/health',
    { schema: { tags, description: 'The process lives.', response: answers(HealthAnswer) } },
    (_request, reply) => {
      reply.send({ status: 'ok' });
    },
  );

  const engineCheck = new EngineCheck(parts);
  app.get(
    '/ready',
    {
      schema: {
        tags,
        description: 'The server can deliver, its engine included.',
        response: answers(ReadyAnswer),
      },
    },
    (_request, reply) => {
      if (parts.capacity.closed) throw notReady('drain', 'the server is closing');
      engineCheck
        .run()
        .then((ok) => {
          if (!ok) throw notReady('engine', 'the reason is in the log');
          reply.send({ status: 'ready', checks: { engine: 'ok' } });
        })
        .catch(failure(reply));
    },
  );
};

function notReady(check: string, reason: string): FanwireError {
  return new FanwireError('unavailable', `not ready: the check "${check}" failed; ${reason}`, {
    details: { checks: { [check]: 'failed' } },
  });
}

/** Anyone may ask, and the engine writes for each check: those who ask while one runs share it. */
class EngineCheck {
  readonly #parts: ApiParts;
  #running: Promise<boolean> | null = null;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  run(): Promise<boolean> {
    this.#running ??= this.#check().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #check(): Promise<boolean> {
    const { engine, clock, log, report } = this.#parts;
    try {
      const { ok, detail } = await within(clock, checkTimeout, engine.health());
      if (!ok) log.warn({ check: 'engine', detail }, 'not ready');
      return ok;
    } catch (thrown) {
      report(thrown);
      return false;
    }
  }
}

function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = clock.every(ms, () => {
    stop();
    reject(new Error(`a check gave no answer within ${ms} ms`));
  });
  work.finally(stop).then(resolve, reject);
  return promise;
}
