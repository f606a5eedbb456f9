import { accessSync, constants, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

/** Linux reports process times in this unit (USER_HZ), whatever the kernel's own timer does. */
const TICKS_PER_SECOND = 100;

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** CPU seconds that a process has used so far, all threads, user and system. Null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(afterName[11]) + Number(afterName[12])) / TICKS_PER_SECOND;
}

/**
 * Seconds that a process' main thread was ready to run but had to wait for its core, because something else ran
 * there. Null where the kernel does not say.
 */
export function waitedSeconds(pid: number): number | null {
  const fields = readText(`/proc/${pid}/schedstat`)?.split(' ');
  return fields === undefined ? null : Number(fields[1]) / 1e9;
}

/** Resident memory in bytes. Null where there is no /proc. */
export function residentBytes(pid: number): number | null {
  return statusBytes(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/** The most resident memory that a process has had so far, in bytes. Null where there is no /proc. */
export function peakResidentBytes(pid: number): number | null {
  return statusBytes(pid, /^VmHWM:\s+(\d+) kB$/m);
}

function statusBytes(pid: number, pattern: RegExp): number | null {
  const line = readText(`/proc/${pid}/status`)?.match(pattern);
  return line ? Number(line[1]) * 1024 : null;
}

/** How many files one process may open: Node raises its own soft limit to the hard one. */
export function openFilesLimit(): number {
  const line = readText('/proc/self/limits')?.match(/^Max open files\s+\S+\s+(\S+)/m);
  return line && line[1] !== 'unlimited' ? Number(line[1]) : Number.POSITIVE_INFINITY;
}

/** The cores for the server and the load. */
export interface Pinning {
  readonly server: number;
  readonly load: number;
}

/** A core for each, or null where `taskset` is missing or there is but one core. */
export function findPinning(): Pinning | null {
  const [server, load] = allowedCores();
  return server !== undefined && load !== undefined && hasCommand('taskset') ? { server, load } : null;
}

function allowedCores(): number[] {
  const list = readText('/proc/self/status')?.match(/^Cpus_allowed_list:\s+(\S+)$/m)?.[1] ?? '';
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last] = range.split('-').map(Number);
      const from = first ?? 0;
      return Array.from({ length: (last ?? from) - from + 1 }, (_, index) => from + index);
    });
}

function hasCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a reader of the figures has to know of the machine. */
export function describeMachine(): Record<string, unknown> {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    loadAverage: loadavg().map((value) => Math.round(value * 100) / 100),
    node: process.version,
    // Some pace what they send, over loopback too.
    congestionControl: readText('/proc/sys/net/ipv4/tcp_congestion_control')?.trim() ?? 'unknown',
    platform: `${process.platform} ${process.arch}`,
  };
}
