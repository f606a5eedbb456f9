import { Command } from 'commander';
import { withDotenv } from '../config/dotenv.ts';
import { findConfigFile } from '../config/file.ts';
import { loadSettings } from '../config/load.ts';
import type { Environment } from '../config/sources.ts';
import { version } from '../version.ts';
import { addBench } from './bench/bench.ts';
import { addConfig, withConfigOption } from './config.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { endWithReader, outliveReader } from './output/output.ts';
import { addChannels } from './remote/channels.ts';
import { addConnections } from './remote/connections.ts';
import { addHistory } from './remote/history.ts';
import { addKick } from './remote/kick.ts';
import { addPublish } from './remote/publish.ts';
import { addSubscribe } from './remote/subscribe.ts';
import type { TokenOptions } from './token.ts';

export { exitCodes } from './exit.ts';

interface ServeOptions {
  readonly config?: string;
  readonly workers?: string;
}

/** Runs the command line and resolves to the exit code. */
export async function run(args: readonly string[], env: Environment): Promise<number> {
  try {
    await program(env).parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (thrown) {
    return exitCodeOf(thrown);
  }
}

/** The command line. The server is loaded by the commands that need it only: the others start faster. */
export function program(env: Environment): Command {
  const root = new Command('fanwire')
    .description('A self-hosted realtime server: rooms and channels over WebSocket and Server-Sent Events.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(fanwire --help shows the commands)')
    .configureOutput({
      writeOut: (text) => {
        endWithReader();
        process.stdout.write(text);
      },
      outputError: (text, write) => write(withoutValues(text)),
    })
    .addHelpText('afterAll', '\nExit codes: 0 done, 1 it failed, 2 the command line or a setting is wrong.')
    .hook('preAction', (_, action) => {
      if (action.name() === 'serve') outliveReader();
      else endWithReader();
    });
  addServe(root, env);
  addToken(root, env);
  addConfig(root, env);
  addPublish(root, env);
  addSubscribe(root, env);
  addHistory(root, env);
  addChannels(root, env);
  addConnections(root, env);
  addKick(root, env);
  addBench(root, env);
  return root;
}

function addServe(root: Command, env: Environment): void {
  const command = root
    .command('serve')
    .summary('run the server')
    .description(
      'run the server until SIGTERM or Ctrl-C; settings come from the environment, .env and the config file (docs/settings.md)',
    );
  command.option('--workers <n|auto>', 'threads that serve connections, in place of WORKERS');
  withConfigOption(command).action(async ({ config, workers }: ServeOptions) => {
    const file = findConfigFile(config);
    const { env: read, fromFile } = withDotenv(workers === undefined ? env : { ...env, WORKERS: workers });
    const settings = loadSettings(read, file, fromFile);
    const { serve } = await import('./serve.ts');
    await serve(settings, { file, dotenv: fromFile.size > 0 });
  });
}

function addToken(root: Command, env: Environment): void {
  const command = root
    .command('token')
    .summary('print a token')
    .description('print a token that the server with the same settings accepts')
    .requiredOption('--sub <user>', 'the user whom the token names')
    .option('--ttl <duration>', 'how long it holds: 90s, 15m, 1h, 7d (default: WS_JWT_EXPIRE_MINUTES)')
    .option(
      '--channels <patterns>',
      'channels it is good for, separated by commas; * stands for any text (default: all)',
    )
    .option('--scopes <scopes>', 'publish, read, manage, broadcast, separated by commas (default: none)');
  withConfigOption(command).action(async ({ config, ...options }: TokenOptions & { config?: string }) => {
    const { env: read, fromFile } = withDotenv(env);
    const settings = loadSettings(read, findConfigFile(config), fromFile);
    const { makeToken } = await import('./token.ts');
    process.stdout.write(`${await makeToken(settings, options)}\n`);
  });
}

/** A mistyped option may carry a credential: `--api-kye=SECRET`. */
function withoutValues(text: string): string {
  return text.replace(/'(--?[^\s'=]+)=[^']*'/g, "'$1=…'");
}
