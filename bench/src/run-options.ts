import type { Command } from 'commander';
import { version } from '../../server/src/version.ts';
import { describeMachine, type Pinning } from './machine.ts';
import { seconds, wholeNumber } from './options.ts';
import { endProgress, print, writeJson } from './report.ts';
import type { Named } from './targets/target.ts';

/** What all scenarios that have rounds have in common. */
export interface RoundOptions {
  readonly rounds: number;
  readonly pin: boolean;
  readonly json?: string;
}

/** What the scenarios that publish for a time have in common. */
export interface RunOptions extends RoundOptions {
  readonly seconds: number;
  readonly warmup: number;
}

/** Adds the options of `RoundOptions`. */
export function defineRoundOptions(command: Command): Command {
  return command
    .option('--rounds <n>', 'repetitions, each in another order', wholeNumber(100), 3)
    .option('--no-pin', 'do not pin server and load to a core each')
    .option('--json <file>', 'write every run and the summary');
}

/** Adds the options of `RunOptions`. */
export function defineRunOptions(command: Command, defaultSeconds = 3): Command {
  command
    .option('--seconds <s>', 'measured time of a run', seconds, defaultSeconds)
    .option('--warmup <s>', 'publishing before that', seconds, 1);
  return defineRoundOptions(command);
}

/** How a report says how long and where it was measured. */
export function describeRuns({ rounds, seconds, warmup }: RunOptions, cores: Pinning | null): string {
  return `${rounds} × ${seconds} s after ${warmup} s of warm-up, ${describePinning(cores)}`;
}

export function describePinning(cores: Pinning | null): string {
  return cores === null ? 'not pinned' : `server on core ${cores.server}, load on core ${cores.load}`;
}

/** What a document of every scenario begins with; `options` are those that only this one has. */
export function preamble(
  scenario: string,
  { seconds, warmup, rounds }: Pick<RoundOptions, 'rounds'> & Partial<RunOptions>,
  targets: readonly Named[],
  cores: Pinning | null,
  options: object,
): object {
  return {
    scenario,
    date: new Date().toISOString(),
    fanwire: version,
    machine: describeMachine(),
    pinning: cores,
    targets: targets.map(({ name, title, version }) => ({ name, title, version })),
    options: { ...options, seconds, warmupSeconds: warmup, rounds },
  };
}

/** Prints, writes JSON where that was asked for, and fails where a run did. */
export function conclude(
  { json }: RoundOptions,
  runs: readonly { readonly result: unknown }[],
  text: string,
  document: object,
): void {
  endProgress();
  print(text);
  if (json !== undefined) writeJson(json, document);
  if (runs.some((one) => one.result === null)) process.exitCode = 1;
}
