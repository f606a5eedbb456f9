import { readFileSync } from 'node:fs';

/** What Linux tells of processes. Null everywhere where there is no /proc. */

/** Linux reports process times in this unit (USER_HZ), whatever the kernel's own timer does. */
const TICKS_PER_SECOND = 100;
const NANOSECONDS = 1e9;

/** Null where the file cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** CPU seconds that a process has used so far, all threads, user and system. */
export function cpuSeconds(pid: number): number | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(afterName[11]) + Number(afterName[12])) / TICKS_PER_SECOND;
}

/** Of a process' main thread, seconds. */
export interface MainThread {
  /** It ran. */
  readonly ran: number;
  /** It was ready to run but had to wait for its core, because something else ran there. */
  readonly waited: number;
}

/** Null where the kernel does not say, too. */
export function mainThread(pid: number): MainThread | null {
  const [ran, waited] = readText(`/proc/${pid}/schedstat`)?.split(' ') ?? [];
  if (ran === undefined || waited === undefined) return null;
  return { ran: Number(ran) / NANOSECONDS, waited: Number(waited) / NANOSECONDS };
}

/** How many files one process may open: Node raises its own soft limit to the hard one. */
export function openFilesLimit(): number {
  const line = readText('/proc/self/limits')?.match(/^Max open files\s+\S+\s+(\S+)/m);
  return line && line[1] !== 'unlimited' ? Number(line[1]) : Number.POSITIVE_INFINITY;
}
