import type { Command } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { field, type JsonObject } from '../../json.ts';
import { wholeNumber } from '../options.ts';
import { type ListForm, Output } from '../output/output.ts';
import { localTime } from '../output/time.ts';
import { Api, numberIn, textIn } from './api.ts';
import { readPages } from './listing.ts';
import { type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface ConnectionsOptions extends TargetOptions {
  readonly user?: string;
  readonly channel?: string;
  readonly limit?: number;
  readonly json?: true;
}

/** Names that a terminal shows of the channels of one connection. */
const shownChannels = 5;

export function addConnections(root: Command, env: Environment): void {
  const command = root
    .command('connections')
    .summary('list open connections')
    .description('list open connections, in the order of their coming')
    .option('--user <id>', 'only those of this user')
    .option('--channel <channel>', 'only those in this channel')
    .option('--limit <n>', 'most connections (default: all)', wholeNumber(1))
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command).action(async (options: ConnectionsOptions) => {
    const { user, channel, limit } = options;
    const api = new Api(targetOf(options, env));
    const entries = await readPages(api, '/ws/connections', 'connections', { user, channel, limit });
    new Output(options).list(entries, form);
  });
}

const form: ListForm<JsonObject> = {
  columns: [
    { title: 'ID' },
    { title: 'USER' },
    { title: 'DIALECT' },
    { title: 'TRANSPORT' },
    { title: 'ADDRESS' },
    { title: 'SINCE' },
    { title: 'WAITING', right: true },
    { title: 'CHANNELS' },
  ],
  empty: 'no connections',
  cells: (connection) => [
    textIn(connection, 'id'),
    textIn(connection, 'user_id'),
    textIn(connection, 'dialect'),
    textIn(connection, 'transport'),
    textIn(connection, 'remote_address'),
    localTime(numberIn(connection, 'connected_at')),
    String(numberIn(connection, 'queued_messages')),
    channelsOf(connection),
  ],
  json: (connection) => JSON.stringify(connection),
};

function channelsOf(connection: JsonObject): string {
  const names = field(connection, 'channels');
  if (!Array.isArray(names)) return '';
  const more = names.length - shownChannels;
  return names.slice(0, shownChannels).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
