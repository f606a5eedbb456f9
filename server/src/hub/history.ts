import {
  deletedType,
  type Engine,
  type HistoryPage,
  type HistoryQuery,
  type Tail,
  type TailQuery,
} from '../engine/engine.ts';
import { Page } from '../engine/page.ts';
import { Lane } from './lane.ts';

/** What of a channel's history is wanted. */
export interface HistoryRequest extends HistoryQuery {
  /** Leave out tombstones and notices of deletion, and fill the page with what is behind them. Default false. */
  readonly undeleted?: boolean;
}

/** Reads pages of the engine, at a pace that leaves room for what is live. */
export class History {
  readonly #engine: Engine;
  readonly #lane = new Lane();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  read(channel: string, { undeleted = false, ...query }: HistoryRequest): Promise<HistoryPage> {
    return undeleted ? this.#undeleted(channel, query) : this.#page(channel, query);
  }

  /** Where the channel's last messages begin. */
  tail(channel: string, query: TailQuery): Promise<Tail> {
    return this.#lane.run(() => this.#engine.tail(channel, query));
  }

  #page(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.#lane.run(() => this.#engine.read(channel, query));
  }

  /** Page after page, until there are as many as were asked for, or as may be, or no more. */
  async #undeleted(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const forward = isForward(query);
    const shown = new Page(query);
    let next = query;
    for (;;) {
      const page = await this.#page(channel, next);
      const found = page.messages.filter(({ type }) => type !== deletedType);
      const full = !(forward ? found : found.reverse()).every((message) => shown.take(message));
      const edge = page.messages.at(forward ? -1 : 0);
      if (full || !page.more || shown.messages.length === query.limit || !edge) {
        const { messages } = shown;
        return { ...page, messages: forward ? messages : messages.reverse(), more: full || page.more };
      }
      next = { ...query, ...(forward ? { after: edge.offset } : { before: edge.offset }) };
    }
  }
}

/** As the engines understand a query: see `HistoryQuery`. */
function isForward({ after, before, from }: HistoryQuery): boolean {
  return before === undefined && (after !== undefined || from !== undefined);
}
