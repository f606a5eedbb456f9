import { cpuSeconds, waitedSeconds } from '../machine.ts';

/** What a server and the load process have used up to one instant. */
export interface Usage {
  readonly time: number;
  readonly serverCpu: number | null;
  readonly serverWaited: number | null;
  readonly loadCpu: number;
  readonly loadWaited: number | null;
}

/** What they used between two instants. Null where the system does not say. */
export interface UsageBetween {
  readonly seconds: number;
  readonly serverCpuSeconds: number | null;
  /** Shares of one core. */
  readonly serverUtilisation: number | null;
  readonly loadUtilisation: number;
  /** Share of the time in which the process could have run, but another had its core. */
  readonly serverWaited: number | null;
  readonly loadWaited: number | null;
}

/** To be called in the load process. */
export function usageNow(serverPid: number): Usage {
  const { user, system } = process.cpuUsage();
  return {
    time: performance.now() / 1000,
    serverCpu: cpuSeconds(serverPid),
    serverWaited: waitedSeconds(serverPid),
    loadCpu: (user + system) / 1e6,
    loadWaited: waitedSeconds(process.pid),
  };
}

export function usageBetween(before: Usage, after: Usage): UsageBetween {
  const seconds = after.time - before.time;
  const over = (from: number | null, to: number | null) => (from === null || to === null ? null : to - from);
  const share = (value: number | null) => (value === null ? null : value / seconds);
  const serverCpuSeconds = over(before.serverCpu, after.serverCpu);
  return {
    seconds,
    serverCpuSeconds,
    serverUtilisation: share(serverCpuSeconds),
    loadUtilisation: (after.loadCpu - before.loadCpu) / seconds,
    serverWaited: share(over(before.serverWaited, after.serverWaited)),
    loadWaited: share(over(before.loadWaited, after.loadWaited)),
  };
}
