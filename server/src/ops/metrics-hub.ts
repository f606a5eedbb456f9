import type { Counter } from 'prom-client';
import type { DeliveryKind, HubMeter, RecoveryOutcome, TickFigures } from '../hub/meter.ts';
import { durations, type Maker } from './metrics-kit.ts';
import type { Tally } from './metrics-tally.ts';

const outcomes: readonly RecoveryOutcome[] = ['recovered', 'gap', 'other-epoch'];
const tickSizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2048];

/** Ticks, deliveries and recoveries. Sums that grow with every batch are plain numbers, read when somebody asks. */
export class HubMetrics implements HubMeter {
  /** Bytes of what was handed to connections. */
  readonly bytes: Record<DeliveryKind, number> = { live: 0, replay: 0 };
  readonly #delivered: Record<DeliveryKind, number> = { live: 0, replay: 0 };
  readonly #published = { committed: 0, failed: 0 };
  readonly #size: Tally;
  readonly #duration: Tally;
  readonly #latency: Tally;
  readonly #commit: Tally;
  readonly #failures: Counter;
  readonly #recoveries: Counter<'outcome'>;

  constructor(make: Maker) {
    make.sums(
      'fanwire_messages_published_total',
      'Messages that went through a tick, from every dialect, HTTP and the server itself.',
      'outcome',
      () => this.#published,
    );
    make.sums(
      'fanwire_messages_delivered_total',
      'Messages handed to connections: one for each message and each subscriber.',
      'kind',
      () => this.#delivered,
    );
    this.#size = make.histogram('fanwire_tick_messages', 'Messages of one tick.', tickSizes);
    this.#duration = make.histogram(
      'fanwire_tick_duration_seconds',
      'One tick, from taking the batch to the end of the writes.',
      durations,
    );
    this.#latency = make.histogram(
      'fanwire_publish_latency_seconds',
      'From the publish of a tick’s oldest message to the end of the writes; one value for each committed tick.',
      durations,
    );
    this.#commit = make.histogram(
      'fanwire_engine_commit_seconds',
      'What the engine took to commit one batch, without the delivery.',
      durations,
    );
    this.#failures = make.counter(
      'fanwire_engine_commit_failures_total',
      'Batches that the engine could not commit; their publishers were told `unavailable`.',
    );
    this.#recoveries = make.counter(
      'fanwire_recoveries_total',
      'Positions that clients came back with, one for each channel.',
      'outcome',
    );
    for (const outcome of outcomes) this.#recoveries.inc({ outcome }, 0);
  }

  tick({ messages, committed, commit, duration, latency }: TickFigures): void {
    this.#size.observe(messages);
    this.#duration.observe(duration / 1000);
    this.#published[committed ? 'committed' : 'failed'] += messages;
    if (committed) {
      this.#commit.observe(commit / 1000);
      this.#latency.observe(latency / 1000);
    } else this.#failures.inc();
  }

  delivered(kind: DeliveryKind, messages: number, bytes: number): void {
    this.#delivered[kind] += messages;
    this.bytes[kind] += bytes;
  }

  recovered(outcome: RecoveryOutcome): void {
    this.#recoveries.inc({ outcome });
  }
}
