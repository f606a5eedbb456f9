import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { StartError } from '../../errors.ts';
import { wholeNumber } from '../options.ts';
import { withTargetOptions } from '../remote/target.ts';
import { type BenchOptions, type ScenarioName, scenarioNames } from './options.ts';

/** Seconds of one scenario, warm-up or measured. */
const longest = 600;
/** Shorter messages could be taken for something else that the server says. */
const shortestContent = 64;

const examples = `
Scenarios:
  fanout        one channel, all connections subscribed: deliveries per second
  sse           the same with event streams
  ingest        all connections publish over WebSocket: acknowledgements per second
  http-publish  all connections publish over HTTP: messages per second
  accept        connections opened and closed: greetings per second
  recover       all connections are cut and come back at once: clients per second

Examples:
  fanwire bench http://127.0.0.1:8000
  fanwire bench https://fan.example.com --scenario fanout --connections 500 --window 1
  fanwire bench --scenario fanout --rate 100 --seconds 10
  fanwire bench --scenario http-publish --batch 100 --json | jq .throughput`;

export function addBench(root: Command, env: Environment): void {
  const command = root
    .command('bench')
    .usage('[options] [url]')
    .summary('measure a server')
    .description(
      'measure a running server from here: throughput and latency, and whether everything arrived, in order; the server is under full load meanwhile',
    )
    .argument('[url]', 'the server; the same as --url')
    .addOption(scenarioOption())
    .option('--connections <n>', 'connections of each scenario', wholeNumber(1, 100_000), 100)
    .option('--publishers <n>', 'fanout, sse: how many of the connections publish', wholeNumber(1, 1000), 8)
    .option(
      '--window <n>',
      'fanout, sse: messages published and not yet received back, over all publishers',
      wholeNumber(1, 10_000),
      32,
    )
    .option('--rate <n>', 'fanout, sse: messages a second, instead of a window', wholeNumber(1, 100_000))
    .option('--in-flight <n>', 'ingest: publishes of each that wait for an answer', wholeNumber(1, 1000), 32)
    .option('--batch <n>', 'http-publish: messages of a request', wholeNumber(1, 1000), 1)
    .option('--missed <n>', 'recover: messages published meanwhile', wholeNumber(1, 100_000), 100)
    .option('--bytes <n>', 'length of each message’s content', wholeNumber(shortestContent, 60_000), 128)
    .option('--seconds <s>', 'measured time of a scenario; recover takes the time that it takes', measured, 3)
    .option('--warmup <s>', 'the time before that', warmup, 1)
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command)
    .addHelpText('after', examples)
    .action(async (url: string | undefined, options: BenchOptions) => {
      if (url !== undefined && options.url !== undefined) {
        throw new StartError('bench takes the server once: as an argument, or by --url.');
      }
      const { bench } = await import('./run.ts');
      await bench(url === undefined ? options : { ...options, url }, env);
    });
}

function scenarioOption(): Option {
  return new Option('--scenario <name,…>', 'what to measure, in this order')
    .argParser(scenarios)
    .default(scenarioNames, 'all');
}

function scenarios(text: string): ScenarioName[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  return names.map((name) => {
    const known = scenarioNames.find((one) => one === name);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`There are ${scenarioNames.join(', ')}.`);
  });
}

function measured(text: string): number {
  const value = secondsIn(text);
  if (value > 0 && value <= longest) return value;
  throw new InvalidArgumentError(`It takes seconds, above 0 and up to ${longest}.`);
}

function warmup(text: string): number {
  const value = secondsIn(text);
  if (value >= 0 && value <= longest) return value;
  throw new InvalidArgumentError(`It takes seconds, from 0 to ${longest}.`);
}

/** NaN for what is no number. */
function secondsIn(text: string): number {
  return /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
}
