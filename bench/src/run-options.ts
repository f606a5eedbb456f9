import type { Command } from 'commander';
import { describeMachine, type Pinning } from './machine.ts';
import { seconds, wholeNumber } from './options.ts';
import { endProgress, print, writeJson } from './report.ts';

/** What the scenarios that publish for a time have in common. */
export interface RunOptions {
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly pin: boolean;
  readonly json?: string;
}

/** Adds the options of `RunOptions`. */
export function defineRunOptions(command: Command): Command {
  return command
    .option('--seconds <s>', 'measured time of a run', seconds, 3)
    .option('--warmup <s>', 'publishing before that', seconds, 1)
    .option('--rounds <n>', 'repetitions, each in another order', wholeNumber(100), 3)
    .option('--no-pin', 'do not pin server and load to a core each')
    .option('--json <file>', 'write every run and the summary');
}

/** How a report says how long and where it was measured. */
export function describeRuns({ rounds, seconds, warmup }: RunOptions, cores: Pinning | null): string {
  const pinned = cores === null ? 'not pinned' : `server on core ${cores.server}, load on core ${cores.load}`;
  return `${rounds} × ${seconds} s after ${warmup} s of warm-up, ${pinned}`;
}

/** What a document of every scenario begins with. */
export function preamble(
  scenario: string,
  { seconds, warmup, rounds }: RunOptions,
  cores: Pinning | null,
  options: object,
): object {
  return {
    scenario,
    date: new Date().toISOString(),
    machine: describeMachine(),
    pinning: cores,
    options: { ...options, seconds, warmupSeconds: warmup, rounds },
  };
}

/** Prints, writes JSON where that was asked for, and fails where a run did. */
export function conclude(
  { json }: RunOptions,
  runs: readonly { readonly result: unknown }[],
  text: string,
  document: object,
): void {
  endProgress();
  print(text);
  if (json !== undefined) writeJson(json, document);
  if (runs.some((one) => one.result === null)) process.exitCode = 1;
}
