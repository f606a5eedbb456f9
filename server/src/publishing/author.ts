import type { Principal } from '../access/principal.ts';
import type { Sender } from '../engine/engine.ts';

/** Who publishes, and by which way in. */
export interface Author {
  readonly origin: 'connection' | 'http' | 'program';
  /** Null for the program around the server: it may do everything. */
  readonly principal: Principal | null;
  /** What readers are told of it. */
  readonly sender: Sender | null;
}

/** The program that the server is part of. */
export const program: Author = Object.freeze({ origin: 'program', principal: null, sender: null });

/** An HTTP request, whose scope has been checked. */
export function requester(principal: Principal): Author {
  return { origin: 'http', principal, sender: null };
}
