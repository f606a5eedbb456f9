import { apiKeys } from './schema/api-keys.ts';
import { chat } from './schema/chat.ts';
import { clients } from './schema/clients.ts';
import { engine } from './schema/engine.ts';
import { guests } from './schema/guests.ts';
import { history } from './schema/history.ts';
import { hosts } from './schema/hosts.ts';
import { http } from './schema/http.ts';
import { jwt } from './schema/jwt.ts';
import { limits } from './schema/limits.ts';
import { listen } from './schema/listen.ts';
import { log } from './schema/log.ts';
import { networks } from './schema/networks.ts';
import { node } from './schema/node.ts';
import { origins } from './schema/origins.ts';
import { pages } from './schema/pages.ts';
import { presence } from './schema/presence.ts';
import { quotas } from './schema/quotas.ts';
import { relay } from './schema/relay.ts';
import { room } from './schema/room.ts';
import { shutdown } from './schema/shutdown.ts';
import { sse } from './schema/sse.ts';
import { websocket } from './schema/websocket.ts';
import type { Setting, ValueOf } from './setting.ts';

/**
 * Every setting, by group and key. The environment names and defaults are a contract with the users; the documentation
 * (`npm run docs`), the error messages and the types of the values are made from these tables, a file for each group.
 */
export const schema = {
  node,
  listen,
  engine,
  log,
  limits,
  clients,
  networks,
  http,
  relay,
  room,
  presence,
  websocket,
  sse,
  chat,
  guests,
  jwt,
  apiKeys,
  hosts,
  origins,
  history,
  quotas,
  shutdown,
  pages,
} as const satisfies Record<string, Record<string, Setting>>;

type Schema = typeof schema;

/** The values as they are read, by group and key: durations in milliseconds, lists and secrets still one text. */
export type RawSettings = {
  [Group in keyof Schema]: {
    -readonly [Key in keyof Schema[Group]]: Schema[Group][Key] extends Setting
      ? ValueOf<Schema[Group][Key]>
      : never;
  };
};

export interface Row {
  readonly group: string;
  readonly key: string;
  readonly setting: Setting;
}

/** The schema as a list, in its order. */
export const rows: readonly Row[] = Object.entries(schema).flatMap(([group, settings]) =>
  Object.entries<Setting>(settings).map(([key, setting]) => ({ group, key, setting })),
);

/** Settings of the design that this version cannot honour: better no start than a server that ignores them. */
export const unsupported: readonly string[] = ['REDIS_URL', 'NATS_URL'];

/** All the environment names of a setting, its own first. */
export function namesOf(setting: Setting): string[] {
  return [setting.env, ...(setting.aliases ?? [])];
}
