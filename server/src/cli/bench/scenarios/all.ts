import type { ScenarioName } from '../options.ts';
import type { Scenario } from '../scenario.ts';
import { accept } from './accept.ts';
import { fanout, sse } from './fanout.ts';
import { httpPublish } from './http-publish.ts';
import { ingest } from './ingest.ts';
import { recover } from './recover.ts';

export const scenarioOf: Readonly<Record<ScenarioName, Scenario>> = {
  fanout,
  sse,
  ingest,
  'http-publish': httpPublish,
  accept,
  recover,
};
