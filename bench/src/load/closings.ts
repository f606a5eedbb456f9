import { type Endpoint, urlOf } from '../../../server/src/load/endpoint.ts';
import type { Closings } from './job.ts';

const POLL_MS = 100;
const COUNTED = /^fanwire_connections_closed_total\{(?=[^}]*code="4413")[^}]*\} (\d+)/gm;

/** Watches how many connections Fanwire says to have closed with 4413, and when. */
export class ClosingsWatch {
  readonly #url: string;
  readonly #watching: Promise<void>;
  readonly #startedAt = performance.now();
  readonly #stop = Promise.withResolvers<void>();
  #isStopped = false;
  #count = 0;
  #firstAfter: number | null = null;
  #lastAfter: number | null = null;

  constructor(server: Endpoint) {
    this.#url = urlOf(server, '/metrics');
    this.#watching = this.#watch();
    // Whoever stops it is told.
    this.#watching.catch(() => {});
  }

  /** Asks once more. Rejects where the server did not answer. */
  async stop(): Promise<Closings> {
    this.#isStopped = true;
    this.#stop.resolve();
    await this.#watching;
    return { count: this.#count, firstAfter: this.#firstAfter, lastAfter: this.#lastAfter };
  }

  async #watch(): Promise<void> {
    for (let isLast = false; !isLast; ) {
      isLast = this.#isStopped;
      await this.#ask();
      if (!isLast) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, POLL_MS);
    await Promise.race([promise, this.#stop.promise]);
    clearTimeout(timer);
  }

  async #ask(): Promise<void> {
    const answer = await fetch(this.#url);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the server answered ${answer.status} to ${this.#url}`);
    const count = [...text.matchAll(COUNTED)].reduce((sum, [, value]) => sum + Number(value), 0);
    if (count === this.#count) return;
    this.#count = count;
    this.#lastAfter = (performance.now() - this.#startedAt) / 1000;
    this.#firstAfter ??= this.#lastAfter;
  }
}
