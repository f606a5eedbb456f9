import type { Clock } from '../clock.ts';
import { keepBooks } from '../commons.ts';
import type { Settings } from '../config/settings.ts';
import { Tally } from './tally.ts';

/** The books that all workers of a server share, on the thread of the primary. */
export function openBooks(settings: Settings, clock: Clock) {
  const { activity, counts, tickets, books } = keepBooks(settings, clock);
  /** Of each transport, the user names, and how many workers have a connection of each. */
  const users = new Tally();
  return { activity, counts, tickets, ...books, users };
}

export type Books = ReturnType<typeof openBooks>;
