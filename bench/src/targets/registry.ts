import { bareNet } from './bare-net.ts';
import { bareUpgrade } from './bare-upgrade.ts';
import { fanwire, fanwireMemory, fanwireWorkers } from './fanwire.ts';
import { httpFanwire, httpFanwireMemory, httpFanwireWorkers } from './http-fanwire.ts';
import { bareFastify, bareHttp } from './http-floors.ts';
import type { HttpTarget } from './http-target.ts';
import { socketIo } from './socket-io.ts';
import { socketIoRooms } from './socket-io-rooms.ts';
import type { Target } from './target.ts';
import { wsLoop } from './ws-loop.ts';
import { wsRooms } from './ws-rooms.ts';

const TARGETS: ReadonlyMap<string, Target> = new Map(
  [
    fanwire,
    fanwireMemory,
    fanwireWorkers,
    wsLoop,
    wsRooms,
    socketIo,
    socketIoRooms,
    bareNet,
    bareUpgrade,
  ].map((target) => [target.name, target]),
);

const HTTP_TARGETS: ReadonlyMap<string, HttpTarget> = new Map(
  [httpFanwire, httpFanwireMemory, httpFanwireWorkers, bareFastify, bareHttp].map((target) => [
    target.name,
    target,
  ]),
);

/** Throws with the list of names for an unknown one. */
export function targetNamed(name: string): Target {
  return named(TARGETS, name);
}

/** Throws with the list of names for an unknown one. */
export function httpTargetNamed(name: string): HttpTarget {
  return named(HTTP_TARGETS, name);
}

function named<T>(targets: ReadonlyMap<string, T>, name: string): T {
  const target = targets.get(name);
  if (target === undefined)
    throw new Error(`no target "${name}"; there are ${[...targets.keys()].join(', ')}`);
  return target;
}
