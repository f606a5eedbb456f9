import { readFileSync } from 'node:fs';
import type { Log } from '../transport/node.ts';

/** File descriptors that a server has open before anybody comes: the database, its log, timers, the listener. */
const own = 64;

/** Tells the operator at the start when the limits let in more connections than the system will. */
export function warnOfFewDescriptors(connections: number, log: Log): void {
  const descriptors = openFilesLimit();
  if (descriptors === null || connections + own <= descriptors) return;
  log.warn(
    { descriptors, connections },
    `the system lets this process open ${descriptors} files, fewer than MAX_CONNECTIONS_TOTAL=${connections} needs: raise the limit (ulimit -n, LimitNOFILE) to ${connections + own} or more, or clients will be cut off without an answer`,
  );
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
