import { type Comparison, documentOf, type Run, textOf } from './comparison.ts';
import { deliveryCost, deliveryRate, deliveryRemarks, otherDeliveryColumns } from './delivery-columns.ts';
import { type Goal, medianRatio, verdict } from './goal.ts';
import type { RoomsResult } from './load/job.ts';
import type { Pinning } from './machine.ts';
import { describeRuns, preamble, type RunOptions } from './run-options.ts';
import type { Target } from './targets/target.ts';

/** Of each message. */
export const CONTENT_BYTES = 128;

/** Of the cost per delivery with the most channels to that with the fewest. */
const GOAL: Goal = { atMost: 1.3 };

export interface Options extends RunOptions {
  /** How many exist; one series goes over these. */
  readonly channels: readonly number[];
  /** Of each measured channel; the other series goes over these. */
  readonly subscribers: readonly number[];
  /** Subscribers of each measured channel while channels grow. */
  readonly withSubscribers: number;
  /** How many channels are measured. */
  readonly spread: number;
  readonly window: number;
  readonly targets: readonly Target[];
}

/** One size of one target. */
export interface Point {
  /** As it stands in the report. */
  readonly name: string;
  readonly target: Target;
  readonly channels: number;
  readonly subscribers: number;
}

export interface Runs {
  readonly channels: readonly Run<RoomsResult>[];
  readonly subscribers: readonly Run<RoomsResult>[];
}

/** Target by target, from few channels to many. */
export function channelPoints({ targets, channels, withSubscribers }: Options): Point[] {
  return targets.flatMap((target) =>
    channels.map((count) => {
      const name = `${target.name}, ${counted(count, 'channel')}`;
      return { name, target, channels: count, subscribers: withSubscribers };
    }),
  );
}

/** Target by target, from few subscribers to many. No channels but the measured ones exist. */
export function subscriberPoints({ targets, subscribers, spread }: Options): Point[] {
  return targets.flatMap((target) =>
    subscribers.map((count) => {
      const name = `${target.name}, ${counted(count, 'subscriber')}`;
      return { name, target, channels: spread, subscribers: count };
    }),
  );
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Each point and the first one of its target. */
function pairsOf(points: readonly Point[]): [string, string][] {
  return points.flatMap(({ name, target }) => {
    const first = points.find((point) => point.target === target);
    return first === undefined || first.name === name ? [] : [[name, first.name]];
  });
}

function comparisonOf(
  scenario: string,
  introduction: string,
  targets: readonly Target[],
  points: readonly Point[],
): Comparison<RoomsResult> {
  return {
    scenario,
    introduction: [introduction],
    targets,
    subjects: points,
    columns: [deliveryCost, deliveryRate, ...otherDeliveryColumns],
    pairs: pairsOf(points),
    compared: [deliveryCost],
    remarksOn: deliveryRemarks,
    trusted: 'CPU per delivery',
  };
}

function comparisons(options: Options): Record<keyof Runs, Comparison<RoomsResult>> {
  const { spread, withSubscribers } = options;
  return {
    channels: comparisonOf(
      'growth: channels',
      `as channels grow, with ${counted(withSubscribers, 'subscriber')} of each measured one`,
      options.targets,
      channelPoints(options),
    ),
    subscribers: comparisonOf(
      'growth: subscribers',
      `as the subscribers of each measured channel grow, with ${counted(spread, 'channel')} in all`,
      options.targets,
      subscriberPoints(options),
    ),
  };
}

export function text(options: Options, runs: Runs, cores: Pinning | null): string {
  const { channels, subscribers } = comparisons(options);
  const { spread, window } = options;
  return [
    `growth: ${window} in flight over ${counted(spread, 'measured channel')}, each channel exists since a ` +
      `message was published to it, ${CONTENT_BYTES}-byte content, ${describeRuns(options, cores)}`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
    '',
    textOf(channels, runs.channels),
    '',
    textOf(subscribers, runs.subscribers),
    '',
    verdict(GOAL, channelRatios(options, runs)),
  ].join('\n');
}

/** Of each target the cost per delivery with its last number of channels, over that with its first. */
function channelRatios(options: Options, runs: Runs): (readonly [string, number | null])[] {
  const points = channelPoints(options);
  return options.targets.map((target) => {
    const [first, last] = [0, -1].map((at) => points.filter((point) => point.target === target).at(at));
    const name = `${target.name} with ${last?.channels} channels`;
    return [name, medianRatio(runs.channels, deliveryCost, last?.name ?? '', first?.name ?? '')];
  });
}

export function document(options: Options, runs: Runs, cores: Pinning | null): object {
  const { targets, channels, subscribers, withSubscribers, spread, window } = options;
  const details = { channels, subscribers, withSubscribers, spread, window, contentBytes: CONTENT_BYTES };
  const { channels: ofChannels, subscribers: ofSubscribers } = comparisons(options);
  return {
    ...preamble('growth', options, targets, cores, details),
    goal: GOAL,
    ratios: Object.fromEntries(channelRatios(options, runs)),
    channels: documentOf(ofChannels, options, details, runs.channels, cores),
    subscribers: documentOf(ofSubscribers, options, details, runs.subscribers, cores),
  };
}
