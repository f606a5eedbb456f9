import type { Command } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { StartError } from '../../errors.ts';
import { Output } from '../output/output.ts';
import { Api } from './api.ts';
import { readMessage } from './message-text.ts';
import { publishLines } from './publish-lines.ts';
import { type Destination, Publisher, printReceipt } from './publisher.ts';
import { type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface PublishOptions extends TargetOptions {
  readonly type?: string;
  readonly id?: string;
  readonly persist?: true;
  readonly user?: string;
  readonly broadcast?: true;
  readonly json?: true;
}

const examples = `
Examples:
  fanwire publish lobby '{"text":"hello"}'
  fanwire publish lobby hello --persist
  tail -f app.log | fanwire publish logs -
  fanwire publish --user u1 'your order is ready'
  fanwire publish --broadcast 'maintenance at noon'`;

export function addPublish(root: Command, env: Environment): void {
  const command = root
    .command('publish')
    .usage('[options] <channel> <json|->')
    .summary('publish messages')
    .description(
      'publish a message: JSON is that value, any other text a string; - publishes each line of the standard input',
    )
    .argument('[channel]', 'the channel; left out with --user and --broadcast')
    .argument('[message]', 'the message, or -')
    .option('--user <id>', 'to every connection of this user, instead of a channel')
    .option('--broadcast', 'to everyone, instead of a channel')
    .option('--type <type>', 'the type of the message (default: text, direct or broadcast)')
    .option('--id <id>', 'its id: published again with the same one, it is not delivered again')
    .option('--persist', 'keep it in the channel’s history (HISTORY_TTL)')
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command)
    .addHelpText('after', examples)
    .action(async (first: string | undefined, second: string | undefined, options: PublishOptions) => {
      const words = [first, second].filter((word) => word !== undefined);
      const destination = destinationOf(words, options);
      const publisher = new Publisher(new Api(targetOf(options, env)), destination, options);
      await publish(words.at(-1) ?? '', publisher, new Output(options));
    });
}

async function publish(message: string, publisher: Publisher, output: Output): Promise<void> {
  if (message === '-') return publishLines(process.stdin, publisher, output);
  if (readMessage(message).doubtful) output.note('the message is not valid JSON and goes out as a string');
  printReceipt(output, await publisher.one(message));
}

function destinationOf(words: readonly string[], options: PublishOptions): Destination {
  const { user, broadcast, persist, id } = options;
  if (user !== undefined && broadcast) throw new StartError('--user and --broadcast exclude each other.');
  const toChannel = user === undefined && !broadcast;
  if (words.length !== (toChannel ? 2 : 1)) throw new StartError(wrongWords(toChannel, words.length));
  if (persist && !toChannel) throw new StartError('--persist is for messages to a channel.');
  if (words.at(-1) === '-' && id !== undefined) {
    throw new StartError('--id with -: every line would be a duplicate of the first.');
  }
  if (broadcast) return 'everyone';
  return user === undefined ? { channel: words[0] ?? '' } : { user_id: user };
}

function wrongWords(toChannel: boolean, count: number): string {
  if (!toChannel) return 'with --user and --broadcast, publish takes a message and no channel.';
  return count === 0
    ? 'publish takes a channel and a message: fanwire publish <channel> <json|->.'
    : 'publish takes a message, too: fanwire publish <channel> <json|->.';
}
