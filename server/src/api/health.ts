import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import type { EngineHealth } from '../engine/engine.ts';
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
/** Milliseconds between two lines about the same failure. */
const lineInterval = 60_000;

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
        .then(({ ok, told = 'the reason is in the log' }) => {
          if (!ok) throw notReady('engine', told);
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
  #running: Promise<EngineHealth> | null = null;
  readonly #line = { detail: '', at: Number.NEGATIVE_INFINITY };

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  run(): Promise<EngineHealth> {
    this.#running ??= this.#check().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #check(): Promise<EngineHealth> {
    const { engine, clock, report } = this.#parts;
    try {
      const health = await within(clock, checkTimeout, engine.health());
      if (!health.ok) this.#tell(health.detail ?? '');
      return health;
    } catch (thrown) {
      report(thrown);
      return { ok: false };
    }
  }

  /** Probes ask every few seconds, and what they hear says the same each time. */
  #tell(detail: string): void {
    const now = performance.now();
    if (detail === this.#line.detail && now - this.#line.at < lineInterval) return;
    Object.assign(this.#line, { detail, at: now });
    this.#parts.log.warn({ check: 'engine', detail }, 'not ready');
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
