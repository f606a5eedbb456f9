import { readFileSync } from 'node:fs';
import type { Log } from '../transport/node.ts';

/** File descriptors that a server has open before anybody comes: the database, its log, timers, the listener. */
const own = 48;
/** What each further thread has of them. */
const ownOfThread = 16;
/** So many connections by HTTP there may be at least: whoever asks for a WebSocket comes as one. */
const leastHttp = 64;
/** Thousands of clients that come back at once have all been accepted before the first of them is read. */
const mostHttp = 10_000;

/** What needs descriptors. */
export interface DescriptorNeeds {
  /** WebSockets and event streams. */
  readonly connections: number;
  /** Connections by HTTP; 0 for what is left. */
  readonly http: number;
  /** Threads that serve them. */
  readonly workers: number;
}

/** How many connections the descriptors of the process are enough for. */
export interface DescriptorShare {
  /** By HTTP. */
  readonly connections: number;
  /** Of whatever kind. */
  readonly sockets: number;
}

/** Each thread counts its own connections: the system spreads them evenly. */
export function shareDescriptors(
  { connections, http, workers }: DescriptorNeeds,
  descriptors: number | null = openFilesLimit(),
): DescriptorShare {
  const sockets = descriptors === null ? Number.MAX_SAFE_INTEGER : descriptors - kept(workers);
  const left = Math.min(mostHttp, Math.max(leastHttp, sockets - connections));
  return { connections: each(http || left, workers), sockets: each(sockets, workers) };
}

/** Tells the operator at the start when the limits let in more connections than the system will. */
export function warnOfFewDescriptors({ connections, http, workers }: DescriptorNeeds, log: Log): void {
  const descriptors = openFilesLimit();
  const needed = connections + (http || leastHttp) + kept(workers);
  if (descriptors === null || needed <= descriptors) return;
  log.warn(
    { descriptors, connections },
    `the system lets this process open ${descriptors} files, fewer than MAX_CONNECTIONS_TOTAL=${connections} needs: raise the limit (ulimit -n, LimitNOFILE) to ${needed} or more, or clients will be turned away before that many are there`,
  );
}

function kept(workers: number): number {
  return own + (workers - 1) * ownOfThread;
}

function each(all: number, workers: number): number {
  return Math.max(1, Math.floor(all / workers));
}

/** Null where the system does not tell. Node has raised the soft limit to the hard one. */
function openFilesLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
