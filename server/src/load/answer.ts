import { messageOf } from './message-of.ts';
import { type Refusal, refusalIn } from './refused.ts';

/** A job by its kind, and what comes back: `{ fanout: { job: FanoutJob; result: FanoutResult } }`. */
export type JobTable<T> = { readonly [K in keyof T]: { readonly job: unknown; readonly result: unknown } };

export interface Request<T extends JobTable<T>, K extends keyof T = keyof T> {
  readonly kind: K;
  readonly job: T[K]['job'];
}

export type Answer<R> =
  | { readonly ok: true; readonly result: R }
  /** `refusal` where the server refused over HTTP. */
  | { readonly ok: false; readonly error: string; readonly refusal?: Refusal };

/** How a load process does each kind of job. */
export type Workers<T extends JobTable<T>> = {
  readonly [K in keyof T]: (job: T[K]['job']) => Promise<T[K]['result']>;
};

/** Makes this a load process: it does jobs, one at a time, for the process that started it, whose end is its own. */
export function answerJobs<T extends JobTable<T>>(workers: Workers<T>): void {
  process.on('message', async (request: Request<T>) => process.send?.(await answer(workers, request)));
  process.on('disconnect', () => process.exit(0));
}

async function answer<T extends JobTable<T>, K extends keyof T>(
  workers: Workers<T>,
  { kind, job }: Request<T, K>,
): Promise<Answer<T[K]['result']>> {
  try {
    return { ok: true, result: await workers[kind](job) };
  } catch (error) {
    const refusal = refusalIn(error);
    return { ok: false, error: messageOf(error), ...(refusal === undefined ? {} : { refusal }) };
  }
}
