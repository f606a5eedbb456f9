import { CommanderError } from 'commander';
import { FanwireError, StartError } from '../errors.ts';

/** 0 done, 1 it failed, 2 the command line or a setting is wrong. */
export const exitCodes = { done: 0, failed: 1, wrong: 2 } as const;

/** A command that could not do its work: the server refused, or cannot be reached. Says what to do, no credential. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Says on standard error what was thrown, and returns the exit code for it. */
export function exitCodeOf(thrown: unknown): number {
  // Commander has said it already; help and version are no failures.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.wrong;
  const expected =
    thrown instanceof StartError || thrown instanceof FanwireError || thrown instanceof Failure;
  const text = thrown instanceof Error ? (expected ? thrown.message : thrown.stack) : String(thrown);
  process.stderr.write(`fanwire: ${text}\n`);
  return thrown instanceof StartError ? exitCodes.wrong : exitCodes.failed;
}
