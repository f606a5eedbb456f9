import { accessSync, constants } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { readText } from '../../server/src/load/proc.ts';

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
