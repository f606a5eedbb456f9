import { MessageChannel } from 'node:worker_threads';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Engine, EngineSink } from '../../src/engine/engine.ts';
import type { EngineDesk } from '../../src/workers/engine-desk.ts';
import { EngineHost } from '../../src/workers/engine-host.ts';
import type { EngineNews, EngineService } from '../../src/workers/engine-service.ts';
import { Line } from '../../src/workers/line.ts';
import { RemoteEngine } from '../../src/workers/remote-engine.ts';

/** Nothing that a test does not expect may fail. */
function rethrow(thrown: unknown): never {
  throw thrown;
}

export function hostOf(engine: Engine, clock: Clock = systemClock): EngineHost {
  return new EngineHost({ engine, clock, activity: { record: () => {} }, report: rethrow });
}

/** A worker's engine, with the message channel between it and its desk at the host. */
export class SeatedEngine extends RemoteEngine implements Disposable {
  readonly desk: EngineDesk;
  readonly #ends: readonly { close(): void }[];

  constructor(host: EngineHost, capabilities: Engine['capabilities']) {
    const { port1, port2 } = new MessageChannel();
    const near = new Line<EngineNews>(port1, rethrow);
    const far = new Line<EngineService>(port2, rethrow);
    super(far, capabilities);
    this.desk = host.seat(near);
    near.serve(this.desk);
    far.serve(this);
    this.#ends = [near, far];
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end.close();
  }
}

/** An engine as the only worker of a server has it; it opens and closes the one behind it as well. */
export class HostedEngine extends SeatedEngine {
  readonly #inner: Engine;
  readonly #host: EngineHost;

  constructor(inner: Engine, clock: Clock) {
    const host = hostOf(inner, clock);
    super(host, inner.capabilities);
    this.#inner = inner;
    this.#host = host;
  }

  override async open(sink: EngineSink): Promise<void> {
    await super.open(sink);
    await this.#host.open();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#inner.close();
  }
}
