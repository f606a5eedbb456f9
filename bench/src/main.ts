import { Command, CommanderError } from 'commander';
import { endChildrenWithUs } from './children.ts';
import { loadScenarios, type Scenario } from './scenario.ts';

const USAGE_ERROR = 2;

/** A mistake in the call ends with exit code 2; a failed measurement with 1. */
async function main(args: readonly string[]): Promise<void> {
  const scenarios = await loadScenarios();
  const program = programOf(scenarios);
  const name = args[0];
  if (name === undefined || !(name.startsWith('-') || name === 'help' || scenarios.has(name))) {
    const mistake = name === undefined ? 'Which scenario?' : `There is no scenario "${name}".`;
    process.stderr.write(`${mistake} There are:\n${list(scenarios)}`);
    process.exitCode = USAGE_ERROR;
    return;
  }
  endChildrenWithUs();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
      return;
    }
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function programOf(scenarios: ReadonlyMap<string, Scenario>): Command {
  const program = new Command('npm run bench --')
    .description("Fanwire's benchmark: its server beside rivals, on one machine, in one run.")
    .exitOverride();
  for (const [name, scenario] of scenarios) {
    const command = program.command(name).description(scenario.summary).exitOverride();
    scenario.define(command);
  }
  return program;
}

function list(scenarios: ReadonlyMap<string, Scenario>): string {
  return [...scenarios].map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}\n`).join('');
}

await main(process.argv.slice(2));
