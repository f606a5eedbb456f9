import type { Rate } from './bucket.ts';

/** Most connections: together, and by transport. */
export interface ConnectionRule {
  readonly all: number;
  readonly websocket: number;
  readonly sse: number;
}

/** What one address or one user may do; null is no limit. */
export interface KeyRules {
  /** Frames of all connections, and HTTP requests. */
  readonly frames: Rate | null;
  /** Connections that are opened, refused ones too. */
  readonly connects: Rate | null;
  readonly connections: ConnectionRule | null;
}

/** What holds for a client. */
export interface ClientRules {
  /** Frames of one connection. */
  readonly frames: Rate | null;
  readonly address: KeyRules;
  readonly user: KeyRules;
  /** Credentials from one address that turn out wrong. */
  readonly failures: Rate | null;
  /** The share of all places, from 0 to 1, that is kept for those who present a credential. */
  readonly reserved: number;
}

/** The rules of a server: those of clients on its own machine are fewer while it is being developed with. */
export interface ClientRuleSets {
  readonly everybody: ClientRules;
  readonly local: ClientRules;
}

/**
 * The share of one of several threads in a rate that is counted by each for itself. Connections come to threads by
 * chance: so each lets pass what one connection may send.
 */
export function shareOf(rate: Rate | null, threads: number, least: Rate | null = null): Rate | null {
  if (rate === null || threads === 1) return rate;
  return {
    perSecond: Math.max(rate.perSecond / threads, least?.perSecond ?? 0),
    burst: Math.max(Math.ceil(rate.burst / threads), least?.burst ?? 1),
  };
}
