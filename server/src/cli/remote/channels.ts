import type { Command } from 'commander';
import type { Environment } from '../../config/sources.ts';
import type { JsonObject } from '../../json.ts';
import { wholeNumber } from '../options.ts';
import { type ListForm, Output } from '../output/output.ts';
import { Api, numberIn, textIn } from './api.ts';
import { readPages } from './listing.ts';
import { type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface ChannelsOptions extends TargetOptions {
  readonly prefix?: string;
  readonly limit?: number;
  readonly json?: true;
}

export function addChannels(root: Command, env: Environment): void {
  const command = root
    .command('channels')
    .summary('list channels')
    .description('list channels: how many subscribe, and where their history stands')
    .option('--prefix <text>', 'only names that begin so')
    .option('--limit <n>', 'most channels (default: all)', wholeNumber(1))
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command).action(async (options: ChannelsOptions) => {
    const { prefix, limit } = options;
    const api = new Api(targetOf(options, env));
    new Output(options).list(await readPages(api, '/api/channels', 'channels', { prefix, limit }), form);
  });
}

const form: ListForm<JsonObject> = {
  columns: [
    { title: 'CHANNEL' },
    { title: 'SUBSCRIBERS', right: true },
    { title: 'OFFSET', right: true },
    { title: 'EPOCH' },
    { title: 'PRIVATE' },
  ],
  empty: 'no channels',
  cells: (channel) => [
    textIn(channel, 'name'),
    String(numberIn(channel, 'subscribers')),
    String(numberIn(channel, 'offset')),
    textIn(channel, 'epoch'),
    channel.private === true ? 'private' : '',
  ],
  json: (channel) => JSON.stringify(channel),
};
