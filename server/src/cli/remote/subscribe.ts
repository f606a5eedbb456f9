import { type Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { StartError } from '../../errors.ts';
import { wholeNumber } from '../options.ts';
import { Output } from '../output/output.ts';
import { untilInterrupted } from '../until-interrupted.ts';
import { FollowPrinter } from './follow-printer.ts';
import { type FollowEvents, Follower } from './follower.ts';
import { type Beginning, type Position, Progress, parsePosition, positionText } from './progress.ts';
import { type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface SubscribeOptions extends TargetOptions {
  readonly since?: Position;
  readonly history?: number;
  readonly json?: true;
}

/** Most messages that the server replays without a position. */
const maxHistory = 1000;

const examples = `
It goes on until Ctrl-C. A connection that breaks is made again, and goes on where it broke; messages that the server
does not have any more are told as a gap. Notes go to standard error.

Examples:
  fanwire subscribe lobby
  fanwire subscribe lobby news --history 10
  fanwire subscribe lobby --since 3f9a1c:41
  fanwire subscribe lobby --json | jq --unbuffered .content
  fanwire subscribe '$all'`;

export function addSubscribe(root: Command, env: Environment): void {
  const command = root
    .command('subscribe')
    .summary('print messages as they come')
    .description('print the messages of channels as they come')
    .argument('<channel...>')
    .option('--since <epoch:offset>', 'begin behind this position (one channel only)', position)
    .option('--history <n>', 'begin with the last n messages', wholeNumber(0, maxHistory))
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command)
    .addHelpText('after', examples)
    .action(async (channels: string[], options: SubscribeOptions) => {
      const names = [...new Set(channels)];
      const followed = names.map((name) => new Progress(name, beginningOf(names, options)));
      const output = new Output(options);
      const follower = new Follower(targetOf(options, env), followed, printTo(output, names));
      await untilInterrupted((signal) => follower.run(signal));
      for (const progress of followed) output.note(ending(progress));
    });
}

function beginningOf(channels: readonly string[], { since, history }: SubscribeOptions): Beginning {
  if (since === undefined) return { history: history ?? 0 };
  if (history !== undefined) throw new StartError('--since and --history exclude each other.');
  if (channels.length > 1)
    throw new StartError('--since is a position of one channel: subscribe to one only.');
  return { position: since };
}

function printTo(output: Output, channels: readonly string[]): FollowEvents {
  const printer = new FollowPrinter(channels);
  return {
    message: (text) => output.line(output.json ? text : printer.message(text)),
    gap: (channel, gap) =>
      output.line(
        output.json ? JSON.stringify({ type: 'gap', channel, content: gap }) : printer.gap(channel, gap),
      ),
    note: (text) => output.note(text),
  };
}

function ending({ channel, position: at }: Progress): string {
  if (!at) return 'stopped';
  return `stopped; go on with: fanwire subscribe ${quoted(channel)} --since ${quoted(positionText(at))}`;
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function position(text: string): Position {
  const parsed = parsePosition(text);
  if (parsed) return parsed;
  throw new InvalidArgumentError('It takes a position as messages have it: epoch:offset.');
}
