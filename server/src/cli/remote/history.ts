import { type Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { field, type JsonObject } from '../../json.ts';
import { wholeNumber } from '../options.ts';
import { type ListForm, Output } from '../output/output.ts';
import { localTime, parseTime } from '../output/time.ts';
import { Api, listIn, numberIn, textIn } from './api.ts';
import { senderOf } from './message-cells.ts';
import { type Query, type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface HistoryOptions extends TargetOptions {
  readonly limit: number;
  readonly before?: number;
  readonly after?: number;
  readonly from?: number;
  readonly to?: number;
  readonly json?: true;
}

/** Most messages that the server gives at once. */
const pageSize = 1000;

const examples = `
Times: 15m (that long ago), 2026-11-21, "2026-11-21 07:45", 2026-11-21T07:45Z, or Unix milliseconds.

Examples:
  fanwire history lobby
  fanwire history lobby --from 1h --limit 1000 --json | jq .content
  fanwire history lobby --before 100 --limit 20`;

export function addHistory(root: Command, env: Environment): void {
  const command = root
    .command('history')
    .summary('print messages of a channel')
    .description(
      'print messages of a channel, oldest first: with --after or --from (and no --before) the first ones, else the last ones',
    )
    .argument('<channel>')
    .option('--limit <n>', 'most messages', wholeNumber(1), 50)
    .option('--before <offset>', 'only messages before this offset', wholeNumber(0))
    .option('--after <offset>', 'only messages behind this offset', wholeNumber(0))
    .option('--from <time>', 'only messages of this time or later', time)
    .option('--to <time>', 'only messages of this time or earlier', time)
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command)
    .addHelpText('after', examples)
    .action(async (channel: string, options: HistoryOptions) => {
      const api = new Api(targetOf(options, env));
      new Output(options).list(await readHistory(api, channel, options), form);
    });
}

/** The server gives pages; as many are read as the limit takes. */
async function readHistory(api: Api, channel: string, options: HistoryOptions): Promise<JsonObject[]> {
  const { limit, before, after, from, to } = options;
  const forward = before === undefined && (after !== undefined || from !== undefined);
  const pages: JsonObject[][] = [];
  let edge: Query = { before, after };
  for (let wanted = limit; wanted > 0; ) {
    const query = { limit: Math.min(wanted, pageSize), ...edge, from, to };
    const answer = await api.call('GET', `/api/channels/${encodeURIComponent(channel)}/messages`, { query });
    const page = listIn(answer, 'messages');
    pages.push(page);
    wanted -= page.length;
    const last = page.at(forward ? -1 : 0);
    if (last === undefined || field(answer, 'more') !== true) break;
    const offset = numberIn(last, 'offset');
    edge = forward ? { before, after: offset } : { before: offset, after };
  }
  return forward ? pages.flat() : pages.reverse().flat();
}

const form: ListForm<JsonObject> = {
  columns: [
    { title: 'OFFSET', right: true },
    { title: 'TIME' },
    { title: 'TYPE' },
    { title: 'SENDER' },
    { title: 'CONTENT' },
  ],
  empty: 'no messages',
  cells: (message) => [
    String(numberIn(message, 'offset')),
    localTime(numberIn(message, 'timestamp')),
    textIn(message, 'type'),
    senderOf(message),
    textIn(message, 'content'),
  ],
  json: (message) => JSON.stringify(message),
};

function time(text: string): number {
  const parsed = parseTime(text, Date.now());
  if (parsed !== null) return parsed;
  throw new InvalidArgumentError(
    'It takes a time: 15m (that long ago), 2026-11-21, "2026-11-21 07:45", 2026-11-21T07:45Z, or Unix milliseconds.',
  );
}
