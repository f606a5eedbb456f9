import type { Principal } from '../access/principal.ts';
import type {
  ConnectionPage,
  ConnectionQuery,
  Directory,
  ServerStats,
  StreamChange,
} from '../api/directory.ts';
import type { LocalDirectory } from '../api/local-directory.ts';
import { FanwireError } from '../errors.ts';
import type { ActivityPoint } from '../hub/activity.ts';
import { mergeNames, type NameQuery } from '../hub/names.ts';
import type { BookService } from './book-service.ts';
import type { Line } from './line.ts';
import type { WorkerQueries } from './worker-service.ts';

type Answer<Query extends keyof WorkerQueries> = Awaited<ReturnType<WorkerQueries[Query]>>;

/** The connections of all workers: each is asked, and the answers are put together. */
export class RemoteDirectory implements Directory {
  readonly #line: Line<BookService>;
  readonly #own: LocalDirectory;

  constructor(line: Line<BookService>, own: LocalDirectory) {
    this.#line = line;
    this.#own = own;
  }

  async stats(): Promise<ServerStats> {
    const counts = await this.#ask('subscriptions');
    const { users, channels } = await this.#line.call('totals');
    const { transports } = await this.#own.stats();
    return {
      transports: {
        websocket: { total: transports.websocket.total, users: users.websocket },
        sse: { total: transports.sse.total, users: users.sse },
      },
      channels,
      subscriptions: sum(counts),
    };
  }

  async connections(query: ConnectionQuery): Promise<ConnectionPage> {
    const pages = await this.#ask('connections', query);
    const found = pages.flatMap(({ connections }) => connections);
    found.sort((one, other) => one.serial - other.serial);
    return { connections: found.slice(0, query.limit), total: sum(pages.map(({ total }) => total)) };
  }

  async close(id: string): Promise<boolean> {
    return (await this.#ask('close', id)).includes(true);
  }

  async connectionsOf(user: string): Promise<number> {
    return sum(await this.#ask('connectionsOf', user));
  }

  async subscribers(channels: readonly string[]): Promise<(number | null)[]> {
    const answers = await this.#ask('subscribers', channels);
    return channels.map((_, at) => {
      const counts = answers.map((counted) => counted[at] ?? null).filter((count) => count !== null);
      return counts.length === 0 ? null : sum(counts);
    });
  }

  async channelNames(query: NameQuery): Promise<string[]> {
    const [own, live] = await Promise.all([
      this.#own.channelNames(query),
      this.#line.call('liveNames', query),
    ]);
    return mergeNames(own, live).slice(0, query.limit);
  }

  activity(minutes: number, channel: string | undefined): Promise<readonly ActivityPoint[]> {
    return this.#own.activity(minutes, channel);
  }

  async changeStream(
    id: string,
    principal: Principal,
    change: StreamChange,
  ): Promise<{ channels: string[] }> {
    const answers = await this.#ask('changeStream', id, principal, change);
    const found = answers.find((answer) => answer !== null);
    if (found) return found;
    throw new FanwireError('not_found', 'no such event stream on this node');
  }

  #ask<Query extends keyof WorkerQueries>(
    query: Query,
    ...given: Parameters<WorkerQueries[Query]>
  ): Promise<Answer<Query>[]> {
    return this.#line.call('ask', query, given) as Promise<Answer<Query>[]>;
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
