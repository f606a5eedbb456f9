import type { Clock } from '../clock.ts';
import type { Cut, CutMeter } from '../transport/http/meter.ts';
import type { Log } from '../transport/node.ts';

/** A limit that has cut nobody for so many milliseconds has ceased to bite. */
const interval = 10_000;

/** The setting of each limit. */
const settings: Readonly<Record<Cut, string>> = {
  idle: 'MAX_HTTP_CONNECTIONS',
  full: 'MAX_HTTP_CONNECTIONS',
  requests: 'MAX_HTTP_REQUESTS',
  unread: 'MAX_HTTP_UNREAD_BYTES',
  deadline: 'HTTP_SEND_TIMEOUT',
};

export interface CutLogParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Counts them all. */
  readonly meter: CutMeter;
}

/** Writes one line when a limit begins to cut connections, however many follow; whoever is cut is counted. */
export class CutLog implements CutMeter {
  readonly #parts: CutLogParts;
  readonly #biting = new Set<Cut>();
  readonly #fresh = new Set<Cut>();
  readonly #stop: () => void;

  constructor(parts: CutLogParts) {
    this.#parts = parts;
    this.#stop = parts.clock.every(interval, () => this.#look());
  }

  cut(reason: Cut): void {
    const { log, meter } = this.#parts;
    meter.cut(reason);
    this.#fresh.add(reason);
    if (this.#biting.has(reason)) return;
    this.#biting.add(reason);
    log.warn({ reason, setting: settings[reason] }, 'a limit cuts HTTP connections');
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    for (const reason of this.#biting) if (!this.#fresh.has(reason)) this.#biting.delete(reason);
    this.#fresh.clear();
  }
}
