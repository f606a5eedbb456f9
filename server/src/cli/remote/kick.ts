import type { Command } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { StartError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import { Output } from '../output/output.ts';
import { printable } from '../output/text.ts';
import { Api, numberIn } from './api.ts';
import { type TargetOptions, targetOf, withTargetOptions } from './target.ts';

interface KickOptions extends TargetOptions {
  readonly user?: string;
  readonly json?: true;
}

const examples = `
Examples:
  fanwire kick 0198c0de-0000-7000-8000-000000000000
  fanwire kick --user u1`;

export function addKick(root: Command, env: Environment): void {
  const command = root
    .command('kick')
    .summary('close connections')
    .description(
      'close a connection, or every connection of a user, with code 4410: the client is to stay away',
    )
    .argument('[connection-id]', 'as fanwire connections prints it')
    .option('--user <id>', 'every connection of this user')
    .option('--json', 'print JSON lines, on a terminal as well');
  withTargetOptions(command)
    .addHelpText('after', examples)
    .action((id: string | undefined, options: KickOptions) => kick(id, options, env));
}

async function kick(id: string | undefined, options: KickOptions, env: Environment): Promise<void> {
  const { user } = options;
  if ((id === undefined) === (user === undefined)) {
    throw new StartError('kick takes either the id of a connection, or --user <id>.');
  }
  const api = new Api(targetOf(options, env));
  const output = new Output(options);
  const answer = user === undefined ? await closeOne(api, id ?? '') : await disconnect(api, user);
  if (output.json) output.line(JSON.stringify(answer));
  else if (user === undefined) output.line(printable(`closed the connection ${id}`));
  else output.line(printable(`closed the connections of ${user}: ${numberIn(answer, 'closed')}`));
}

function closeOne(api: Api, id: string): Promise<JsonObject> {
  return api.call('DELETE', `/ws/connections/${encodeURIComponent(id)}`, {
    advice: { 404: 'It may have gone by itself; fanwire connections lists those that are open.' },
  });
}

function disconnect(api: Api, user: string): Promise<JsonObject> {
  return api.call('POST', `/api/users/${encodeURIComponent(user)}/disconnect`);
}
