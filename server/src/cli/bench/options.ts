import type { TargetOptions } from '../remote/target.ts';

/** In the order in which they are measured. */
export const scenarioNames = ['fanout', 'sse', 'ingest', 'http-publish', 'accept', 'recover'] as const;

export type ScenarioName = (typeof scenarioNames)[number];

export interface BenchOptions extends TargetOptions {
  readonly scenario: readonly ScenarioName[];
  /** Subscribers with the publishers among them, publishers, HTTP clients, connections under way: as the scenario has it. */
  readonly connections: number;
  readonly publishers: number;
  /** Messages over all publishers. */
  readonly window: number;
  /** Messages a second; then the window does not count. */
  readonly rate?: number;
  /** Messages of each publisher. */
  readonly inFlight: number;
  /** Messages of a request. */
  readonly batch: number;
  readonly missed: number;
  /** Of each message's content. */
  readonly bytes: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly json?: true;
}
