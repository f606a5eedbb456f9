import { type Client, openClients } from '../../../server/src/load/client.ts';
import { targetNamed } from '../targets/registry.ts';
import type { HoldJob } from './job.ts';

/** The connections of the idle scenario: opened once, then left alone but for pings. */
export class Holder {
  #clients: Client[] = [];

  async hold(job: HoldJob): Promise<null> {
    const speech = targetNamed(job.target).speech({ subscribe: job.subscribe });
    this.#clients.push(...(await openClients(job.connections, job.server, speech)));
    return null;
  }

  held(): number {
    return this.#clients.filter((client) => client.closed === null).length;
  }

  release(): null {
    for (const client of this.#clients) client.destroy();
    this.#clients = [];
    return null;
  }
}
