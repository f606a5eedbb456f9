import { cpuSeconds, mainThread } from './proc.ts';

/** What a server and the load process have used up to one instant. Null where the system does not say. */
export interface Usage {
  readonly time: number;
  readonly server: ProcessUsage | null;
  readonly load: ProcessUsage | null;
  /** As Node itself counts it, on every system. */
  readonly loadCpu: number;
}

/** CPU seconds of a process. */
interface ProcessUsage {
  /** All threads. */
  readonly cpu: number;
  /** The main thread; and what it waited for a core. */
  readonly main: { readonly ran: number; readonly waited: number } | null;
}

/** What they used between two instants. Null where the system does not say. */
export interface UsageBetween {
  readonly seconds: number;
  readonly serverCpuSeconds: number | null;
  /** Shares of one core. */
  readonly serverUtilisation: number | null;
  readonly loadUtilisation: number;
  /**
   * Share of the time in which the process' main thread could have run, but another process had its core: at least
   * so much. What the process' own helper threads (collector, disk) ran is taken to have been on that core.
   */
  readonly serverWaited: number | null;
  readonly loadWaited: number | null;
}

/** To be called in the load process. Without a server's process id nothing is known of it: it is elsewhere. */
export function usageNow(serverPid: number | null): Usage {
  const { user, system } = process.cpuUsage();
  return {
    time: performance.now() / 1000,
    server: serverPid === null ? null : processUsage(serverPid),
    load: processUsage(process.pid),
    loadCpu: (user + system) / 1e6,
  };
}

export function usageBetween(before: Usage, after: Usage): UsageBetween {
  const seconds = after.time - before.time;
  const share = (value: number | null) => (value === null ? null : value / seconds);
  const { server: from } = before;
  const { server: to } = after;
  const serverCpuSeconds = from === null || to === null ? null : to.cpu - from.cpu;
  return {
    seconds,
    serverCpuSeconds,
    serverUtilisation: share(serverCpuSeconds),
    loadUtilisation: (after.loadCpu - before.loadCpu) / seconds,
    serverWaited: share(foreignBetween(from, to)),
    loadWaited: share(foreignBetween(before.load, after.load)),
  };
}

/** CPU microseconds for each of so many; null where the CPU time is not known. */
export function microsecondsEach(cpuSeconds: number | null, count: number): number | null {
  return cpuSeconds === null ? null : (cpuSeconds * 1e6) / Math.max(1, count);
}

function processUsage(pid: number): ProcessUsage | null {
  const cpu = cpuSeconds(pid);
  return cpu === null ? null : { cpu, main: mainThread(pid) };
}

/** Seconds that the main thread waited for its core, less those in which the process' other threads may have had it. */
function foreignBetween(before: ProcessUsage | null, after: ProcessUsage | null): number | null {
  if (!before?.main || !after?.main) return null;
  const helpers = after.cpu - before.cpu - (after.main.ran - before.main.ran);
  const waited = after.main.waited - before.main.waited;
  return Math.max(0, waited - Math.max(0, helpers));
}
