import { type Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../../server/src/load/message-of.ts';
import { openFilesLimit } from '../../server/src/load/proc.ts';
import { findPinning, type Pinning } from './machine.ts';
import { fanwire, fanwireMemory, fanwireWorkers } from './targets/fanwire.ts';
import type { HttpTarget } from './targets/http-target.ts';
import { httpTargetNamed, targetNamed } from './targets/registry.ts';
import type { Target } from './targets/target.ts';

/** Files that a process opens beside its connections. */
const OTHER_FILES = 100;

/** A whole number from 1 to `most`. */
export function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from 1 to ${most} is needed.`);
  };
}

/** Whole numbers from 1 to `most`, separated by commas. */
export function wholeNumbers(most: number): (text: string) => number[] {
  return (text) => text.split(',').map((part) => wholeNumber(most)(part.trim()));
}

/** Seconds, fractions allowed, up to ten minutes. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 600) return value;
  throw new InvalidArgumentError('A number of seconds from above 0 to 600 is needed.');
}

/** Known targets, separated by commas, each once. */
export function targets(text: string): Target[] {
  return eachOnce(text, targetNamed);
}

/** Known targets of publishing over HTTP, separated by commas, each once. */
export function httpTargets(text: string): HttpTarget[] {
  return eachOnce(text, httpTargetNamed);
}

/** Fanwire with one of its engines, separated by commas, each once. */
export function fanwireTargets(text: string): Target[] {
  const engines = new Map([fanwire, fanwireMemory, fanwireWorkers].map((target) => [target.name, target]));
  return eachOnce(text, (name) => {
    const target = engines.get(name);
    if (target === undefined) throw new Error(`"${name}" is none of ${[...engines.keys()].join(', ')}`);
    return target;
  });
}

function eachOnce<T>(text: string, named: (name: string) => T): T[] {
  try {
    return [...new Set(text.split(',').map((name) => name.trim()))].map(named);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** How many connections one process may hold here; both ends of each count in their own process. */
export function connections(text: string): number {
  const limit = openFilesLimit();
  const value = wholeNumber(1_000_000)(text);
  if (value + OTHER_FILES <= limit) return value;
  throw new InvalidArgumentError(
    `A process may open ${limit} files here (ulimit -Hn); ${OTHER_FILES} are spare.`,
  );
}

/** Ends the command where the options together ask for more connections than one process may hold here. */
export function checkConnections(command: Command, count: number): void {
  const limit = openFilesLimit();
  if (count + OTHER_FILES <= limit) return;
  command.error(`${count} connections: a process may open ${limit} files here, ${OTHER_FILES} are spare.`);
}

/** Null where pinning is off or impossible. */
export function pinning(isWanted: boolean): Pinning | null {
  return isWanted ? findPinning() : null;
}

/** Help shows a default by its text, and a target is an object. */
export function nameTargets(command: Command): void {
  const option = command.options.find((one) => one.attributeName() === 'targets');
  const names = (option?.defaultValue as readonly { readonly name: string }[]).map((target) => target.name);
  option?.default(option.defaultValue, names.join(','));
}
