import { bareNet } from './bare-net.ts';
import { fanwire, fanwireMemory } from './fanwire.ts';
import { socketIo } from './socket-io.ts';
import type { Target } from './target.ts';
import { wsLoop } from './ws-loop.ts';

export const TARGETS: ReadonlyMap<string, Target> = new Map(
  [fanwire, fanwireMemory, wsLoop, socketIo, bareNet].map((target) => [target.name, target]),
);

/** Throws with the list of names for an unknown one. */
export function targetNamed(name: string): Target {
  const target = TARGETS.get(name);
  if (target === undefined)
    throw new Error(`no target "${name}"; there are ${[...TARGETS.keys()].join(', ')}`);
  return target;
}
