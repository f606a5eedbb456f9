import { addressOf, type Endpoint } from './endpoint.ts';
import { messageOf } from './message-of.ts';

const OPENING_AT_ONCE = 100;

/** Ports that one source address lends before the next one is used. */
const PORTS_PER_ADDRESS = 20_000;

/** Options of a connection, the `index`-th of those that are open at a time. */
export interface Place {
  /** Another loopback address to come from, where one has too few ports. @default the system's choice */
  readonly localAddress?: string;
}

export function placeOf(server: Endpoint, index: number): Place {
  const address = Math.floor(index / PORTS_PER_ADDRESS);
  const isLocal = addressOf(server).startsWith('127.');
  return address > 0 && isLocal ? { localAddress: `127.0.0.${address + 1}` } : {};
}

/** Opens `count` connections, in order, at most 100 at a time. All or nothing: one refusal closes the others. */
export async function openEach<T extends { destroy(): void }>(
  server: Endpoint,
  count: number,
  open: (place: Place) => Promise<T>,
): Promise<T[]> {
  const opened: T[] = [];
  try {
    while (opened.length < count) {
      const first = opened.length;
      const size = Math.min(OPENING_AT_ONCE, count - first);
      const opening = Array.from({ length: size }, (_, index) => open(placeOf(server, first + index)));
      opened.push(...(await Promise.all(opening)));
    }
    return opened;
  } catch (error) {
    for (const one of opened) one.destroy();
    throw new Error(`connection ${opened.length + 1} of ${count} or soon after: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
