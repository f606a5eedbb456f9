import type { Receipt } from '../engine/engine.ts';
import { FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import type { Pipeline } from '../middleware/pipeline.ts';

/** The way of a batch through the middleware: one message after the other, all of which are then committed at once. */
export class Passage {
  readonly #pipeline: Pipeline;
  readonly #via: 'websocket' | 'http';
  readonly #report: UnknownErrorReporter;
  readonly #waiting: PromiseWithResolvers<Receipt>[] = [];

  constructor(pipeline: Pipeline, via: 'websocket' | 'http', report: UnknownErrorReporter) {
    this.#pipeline = pipeline;
    this.#via = via;
    this.#report = report;
  }

  /** What is left to publish, in its places. `check` throws for what a changed message must not be. */
  async through(
    items: readonly (Publication | FanwireError)[],
    check: (passed: Publication, given: Publication) => Publication,
  ): Promise<(Publication | FanwireError)[]> {
    const left: (Publication | FanwireError)[] = [];
    for (const item of items) left.push(item instanceof FanwireError ? item : await this.#pass(item, check));
    return left;
  }

  /** Middleware goes on once its message is committed, or has failed. */
  end(committed: Promise<readonly (Receipt | FanwireError)[]>): void {
    committed.then(
      (results) => {
        const receipts = results.filter((result): result is Receipt => !(result instanceof FanwireError));
        for (const [at, { resolve }] of this.#waiting.entries()) if (receipts[at]) resolve(receipts[at]);
      },
      (thrown) => {
        for (const { reject } of this.#waiting) reject(thrown);
      },
    );
  }

  async #pass(
    item: Publication,
    check: (passed: Publication, given: Publication) => Publication,
  ): Promise<Publication | FanwireError> {
    let passed = item;
    try {
      await this.#pipeline.message(item, this.#via, (changed) => {
        passed = check(changed, item);
        const waiting = Promise.withResolvers<Receipt>();
        this.#waiting.push(waiting);
        return waiting.promise;
      });
      return passed;
    } catch (thrown) {
      return toClientError(thrown, this.#report);
    }
  }
}
