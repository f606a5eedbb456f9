/** How one tick went. Times in milliseconds. */
export interface TickFigures {
  readonly messages: number;
  /** False when the engine kept nothing of it. */
  readonly committed: boolean;
  /** In the engine, without the delivery that it calls for; 0 when it failed. */
  readonly commit: number;
  /** From its begin to the end of the flush. */
  readonly duration: number;
  /** From the publish of its oldest message to the end of the flush. */
  readonly latency: number;
}

/** As they come (`live`), or read again for somebody who was away (`replay`). */
export type DeliveryKind = 'live' | 'replay';

/** What became of a position that was to be resumed; `other-epoch`: it is none of this life of the channel. */
export type RecoveryOutcome = 'recovered' | 'gap' | 'other-epoch';

/** What the hub counts. Called once per tick, batch or replayed slice, never per subscriber. */
export interface HubMeter {
  tick(figures: TickFigures): void;
  /** `messages` and `bytes` are sums over all subscribers. */
  delivered(kind: DeliveryKind, messages: number, bytes: number): void;
  recovered(outcome: RecoveryOutcome): void;
}

export const noHubMeter: HubMeter = {
  tick: () => {},
  delivered: () => {},
  recovered: () => {},
};
