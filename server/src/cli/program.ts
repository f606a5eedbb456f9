import { Command, CommanderError } from 'commander';
import { loadSettings } from '../config/load.ts';
import { FanwireError, StartError } from '../errors.ts';
import { version } from '../version.ts';
import { serve } from './serve.ts';
import { makeToken, type TokenOptions } from './token.ts';

/** 0 done, 1 it failed, 2 the command line or a setting is wrong. */
export const exitCodes = { done: 0, failed: 1, wrong: 2 } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the command line and resolves to the exit code. */
export async function run(args: readonly string[], env: Environment): Promise<number> {
  try {
    await program(env).parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.wrong;
    if (thrown instanceof StartError || thrown instanceof FanwireError) {
      process.stderr.write(`fanwire: ${thrown.message}\n`);
      return thrown instanceof StartError ? exitCodes.wrong : exitCodes.failed;
    }
    process.stderr.write(`fanwire: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return exitCodes.failed;
  }
}

function program(env: Environment): Command {
  const root = new Command('fanwire')
    .description('A self-hosted realtime server: rooms and channels over WebSocket and Server-Sent Events.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(fanwire --help shows the commands)')
    .addHelpText('after', '\nExit codes: 0 done, 1 it failed, 2 the command line or a setting is wrong.');
  root
    .command('serve')
    .description(
      'run the server until SIGTERM or Ctrl-C; settings come from the environment (docs/settings.md)',
    )
    .action(() => serve(loadSettings(env)));
  root
    .command('token')
    .description('print a token that the server with the same settings accepts')
    .requiredOption('--sub <user>', 'the user whom the token names')
    .option('--ttl <duration>', 'how long it holds: 90s, 15m, 1h, 7d (default: WS_JWT_EXPIRE_MINUTES)')
    .option(
      '--channels <patterns>',
      'channels it is good for, separated by commas; * stands for any text (default: all)',
    )
    .option('--scopes <scopes>', 'publish, read, manage, broadcast, separated by commas (default: none)')
    .action(async (options: TokenOptions) => {
      process.stdout.write(`${await makeToken(loadSettings(env), options)}\n`);
    });
  for (const command of root.commands) command.exitOverride();
  return root;
}
