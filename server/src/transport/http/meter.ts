/**
 * Why a connection that speaks HTTP was cut: `idle`, to make room for another; `full`, because there was no room for
 * it; `requests`, for asking more without waiting than all together may; `unread`, for answers that it does not read
 * while all together hold too many bytes; `deadline`, for taking nothing of an answer for too long.
 */
export type Cut = 'idle' | 'full' | 'requests' | 'unread' | 'deadline';

/** Hears of connections that were cut by a limit. */
export interface CutMeter {
  cut(reason: Cut): void;
  /** Nothing more will be cut. */
  close?(): void;
}

export const noCutMeter: CutMeter = { cut: () => {} };

/** What a server holds by HTTP at the moment. */
export interface HttpFigures {
  readonly connections: number;
  readonly requests: number;
  readonly unreadBytes: number;
}
