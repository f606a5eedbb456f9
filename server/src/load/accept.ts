import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import type { AcceptJob, AcceptResult } from './job.ts';
import { latencyOf } from './latency.ts';
import { messageOf } from './message-of.ts';
import { placeOf } from './opening.ts';
import { type Refusal, Refused, refusalIn } from './refused.ts';
import type { Speech } from './speech.ts';
import { watchForStall } from './stall.ts';
import { microsecondsEach, usageBetween, usageNow } from './usage.ts';

/** Opens and closes connections without end, so many at a time. */
class Visitors {
  greeted = 0;
  /** Why a connection could not be opened, or null. */
  failure: string | null = null;
  /** Where it was a refusal. */
  refusal: Refusal | undefined;
  readonly #server: Endpoint;
  readonly #speech: Speech | null;
  readonly #underWay = new Set<Client>();
  #samples: number[] = [];
  #isStopped = false;

  constructor(server: Endpoint, speech: Speech | null) {
    this.#server = server;
    this.#speech = speech;
  }

  /** Resolves when it was stopped, or failed, and its last connection is closed. */
  async visit(index: number): Promise<void> {
    while (!this.#isStopped && this.failure === null) {
      const startedAt = performance.now();
      const client = new Client({
        server: this.#server,
        speech: this.#speech,
        ...placeOf(this.#server, index),
      });
      this.#underWay.add(client);
      try {
        await client.ready;
        this.greeted++;
        this.#samples.push(performance.now() - startedAt);
      } catch (error) {
        if (!this.#isStopped && this.failure === null) {
          this.failure = `a connection failed: ${messageOf(error)}`;
          this.refusal = refusalIn(error);
        }
      }
      this.#underWay.delete(client);
      client.destroy();
    }
  }

  /** Connections that are under way end, too. */
  stop(): void {
    this.#isStopped = true;
    for (const client of this.#underWay) client.destroy();
  }

  /** Forgets the latencies so far. */
  restart(): void {
    this.#samples = [];
  }

  latencies(): Float64Array {
    return Float64Array.from(this.#samples).sort();
  }
}

/** Opens, and closes as soon as the server has greeted, for the warm-up and the measured time. Rejects at a failure. */
export async function measureAccept(job: AcceptJob, speech: Speech | null): Promise<AcceptResult> {
  const visitors = new Visitors(job.server, speech);
  const { signal, stop } = watchForStall({
    failure: () => visitors.failure,
    progress: () => visitors.greeted,
    unit: 'greeting',
  });
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  const snapshot = () => ({ ...usageNow(job.serverPid), greeted: visitors.greeted });
  try {
    const visits = Array.from({ length: job.underWay }, (_, index) => visitors.visit(index));
    await wait(job.warmupSeconds);
    visitors.restart();
    const before = snapshot();
    await wait(job.seconds);
    const after = snapshot();
    const latency = latencyOf(visitors.latencies());
    visitors.stop();
    await Promise.all(visits);
    const usage = usageBetween(before, after);
    const { seconds, serverCpuSeconds } = usage;
    const connections = after.greeted - before.greeted;
    return {
      ...usage,
      connections,
      connectionsPerSecond: connections / seconds,
      serverMicrosecondsPerConnection: microsecondsEach(serverCpuSeconds, connections),
      // A server that used less than one tick of the system's clock cannot be divided by.
      connectionsPerServerCpuSecond: serverCpuSeconds ? connections / serverCpuSeconds : null,
      latency,
    };
  } catch (error) {
    throw visitors.refusal === undefined ? error : new Refused(messageOf(error), visitors.refusal);
  } finally {
    visitors.stop();
    stop();
  }
}
