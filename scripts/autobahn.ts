/**
 * `npm run test:autobahn`: the Autobahn suite against the server's own WebSocket transport, which sends back what it
 * is sent. Arguments are the cases to run instead of all of them (`9.3.*`). See docs/conformance.md.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EchoServer, echoServer } from '../server/test/support/echo-server.ts';
import { provideSuite, type Suite } from './autobahn/suite.ts';
import { agent, readVerdicts, reportOf } from './autobahn/verdicts.ts';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'node_modules/.cache/fanwire-autobahn-report');

/** How many cases the suite has. */
const all = 517;
/** Milliseconds that all of them may take. */
const patience = 3_600_000;

/** The longest message of the suite has 16 MiB, and one of 4 MiB comes in 65,536 frames and an empty last one. */
const settings = {
  PORT: '0',
  WEBSOCKET_COMPRESSION: 'true',
  WEBSOCKET_MAX_MESSAGE_SIZE: String(16 * 1024 * 1024),
  WEBSOCKET_MAX_FRAGMENTS: '65537',
  MAX_BACKLOG_BYTES: String(64 * 1024 * 1024),
};

/** Resolves to the exit code. */
async function main(cases: readonly string[]): Promise<number> {
  const suite = provideSuite();
  if (typeof suite === 'string') {
    console.log(`Skipped: autobahn: ${suite}`);
    return 0;
  }
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await using server = await echoServer(settings);
  const problem = await run(suite, server, cases);
  if (problem !== null) {
    console.log(problem);
    return 1;
  }
  const verdicts = readVerdicts(join(directory, 'index.json'));
  console.log(reportOf(verdicts));
  const failed = verdicts.filter(({ failed }) => failed).length;
  const missing = cases.length === 0 ? all - verdicts.length : 0;
  if (missing !== 0) console.log(`The suite ran ${verdicts.length} cases, and has ${all}.`);
  return failed > 0 || missing !== 0 || verdicts.length === 0 ? 1 : 0;
}

/** Null when the suite came to its end. It says which case it runs, line by line. */
async function run(suite: Suite, { url }: EchoServer, cases: readonly string[]): Promise<string | null> {
  const specification = join(directory, 'cases.json');
  const wanted = cases.length > 0 ? cases : ['*'];
  writeFileSync(
    specification,
    JSON.stringify({ outdir: directory, servers: [{ agent, url }], cases: wanted, 'exclude-cases': [] }),
  );
  const child = spawn(suite.python, ['-m', 'autobahntestsuite.wstest', ...options(specification)], {
    env: { ...process.env, ...suite.env },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: patience,
  });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  child.on('error', (error) => resolve(error.message));
  child.on('close', (code, signal) =>
    resolve(code === 0 ? null : `The suite ended with ${signal ?? code}, before it had a result.`),
  );
  return promise;
}

function options(specification: string): string[] {
  return ['--mode', 'fuzzingclient', '--spec', specification];
}

process.exitCode = await main(process.argv.slice(2));
