import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../config/sources.ts';
import { StartError } from '../../errors.ts';
import { field } from '../../json.ts';
import type { Jobs } from '../../load/job.ts';
import { LoadProcess } from '../../load/load-process.ts';
import { openFilesLimit } from '../../load/proc.ts';
import { Failure } from '../exit.ts';
import { printable } from '../output/text.ts';
import { Api } from '../remote/api.ts';
import { strangeAnswer } from '../remote/refusal.ts';
import { shownUrl, type Target, targetOf } from '../remote/target.ts';
import { endpointOf } from './endpoint.ts';
import type { BenchOptions, ScenarioName } from './options.ts';
import { failureOf } from './refusal.ts';
import { Report, type Row } from './report.ts';
import type { Bench } from './scenario.ts';
import { scenarioOf } from './scenarios/all.ts';

/** The sources run as they are; a package has what was built of them. */
const worker = fileURLToPath(new URL(`../../load/worker${extname(import.meta.url)}`, import.meta.url));

/** Milliseconds, beside the measured time, for connecting and for the last answers. */
const connectAndDrain = 120_000;
/** Files that a process opens beside its connections. */
const otherFiles = 100;

type Common = Pick<Bench, 'api' | 'server' | 'options'>;

/** Measures one scenario after the other. Stops at the first that cannot be measured; what was is printed. */
export async function bench(options: BenchOptions, env: Environment): Promise<void> {
  checkFiles(options);
  const target = targetOf(options, env);
  const api = new Api(target);
  await checkServer(target, api);
  const common = { api, options, server: await endpointOf(target) };
  const name = `bench-${randomBytes(6).toString('hex')}`;
  const report = new Report(options, shownUrl(target));
  const faults: string[] = [];
  try {
    for (const scenario of options.scenario) {
      report.progress(`${scenario}: ${options.connections} connections`);
      const row = await measure(scenario, `${name}-${scenario}`, common, target);
      report.add(row);
      // Reasons are the server's own words.
      faults.push(...row.measurement.faults.map((fault) => printable(`${scenario}: ${fault}`)));
    }
  } finally {
    report.end();
  }
  if (faults.length > 0) throw new Failure(`the server did not do what it should.\n  ${faults.join('\n  ')}`);
}

async function measure(name: ScenarioName, channel: string, common: Common, target: Target): Promise<Row> {
  const scenario = scenarioOf[name];
  const { options } = common;
  await using load = new LoadProcess<Jobs>(worker);
  const patience = (options.warmup + options.seconds) * 1000 + connectAndDrain;
  const bench: Bench = { ...common, load, channel, patience };
  try {
    await scenario.check?.(bench);
    return { name, unit: scenario.unit, channel, measurement: await scenario.measure(bench) };
  } catch (thrown) {
    const failure = failureOf(target, scenario, options, thrown);
    failure.message = `${name}: ${failure.message}`;
    throw failure;
  }
}

/** A probe of every Fanwire server, which needs no credentials. */
async function checkServer(target: Target, api: Api): Promise<void> {
  const answer = await api.call('GET', '/health');
  if (field(answer, 'status') !== 'ok') throw strangeAnswer(target, 200);
}

function checkFiles({ connections }: BenchOptions): void {
  const limit = openFilesLimit();
  if (connections + otherFiles <= limit) return;
  throw new StartError(
    `--connections ${connections}: a process may open ${limit} files here (ulimit -Hn), ${otherFiles} are spare.`,
  );
}
