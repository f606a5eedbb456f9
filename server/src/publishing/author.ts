import type { Principal } from '../access/principal.ts';
import type { Sender } from '../engine/engine.ts';
import { accountOfUser } from '../engine/usage.ts';

/** Who publishes, and by which way in. */
export interface Author {
  readonly origin: 'connection' | 'http' | 'program';
  /** Null for the program around the server: it may do everything. */
  readonly principal: Principal | null;
  /** What readers are told of it. */
  readonly sender: Sender | null;
}

/** The ids of the program, of all API keys and of requests to a server whose management is open. */
const backEnds = '';
/** Those of all connections without credentials, who are one account as well. */
const guests = 'guests';

/**
 * Whose ids a message's id counts among, in its channel: so nobody takes an id before the one whose it is. A user's
 * are told from the others by the colon.
 */
export function idSpaceOf({ origin, principal }: Author): string {
  if (principal === null) return backEnds;
  if (principal.user !== null) return `user:${principal.user}`;
  return origin === 'http' || principal.via === 'key' ? backEnds : guests;
}

/** Whose kept bytes a message counts among; back ends are the operator's own, and nobody's. */
export function accountOf({ origin, principal }: Author): string | undefined {
  if (principal === null || principal.keyName !== null) return undefined;
  if (principal.user !== null) return accountOfUser(principal.user);
  return origin === 'connection' ? guests : undefined;
}

/** The program that the server is part of. */
export const program: Author = Object.freeze({ origin: 'program', principal: null, sender: null });

/** An HTTP request, whose scope has been checked. */
export function requester(principal: Principal): Author {
  return { origin: 'http', principal, sender: null };
}
