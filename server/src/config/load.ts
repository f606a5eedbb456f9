import { availableParallelism } from 'node:os';
import { minProductionLength, parseApiKeys } from '../access/api-keys.ts';
import { type ChannelSet, channelSet, parseChannelList } from '../access/channel-set.ts';
import { parseHostList } from '../access/host.ts';
import { parseNetworkList, privateNetworks } from '../access/networks.ts';
import { parseOriginList } from '../access/origin.ts';
import { clientRules, deriveLimits } from './client-rules.ts';
import { distance } from './distance.ts';
import type { ConfigFile } from './file.ts';
import { readJwt } from './jwt.ts';
import { Problems, shown } from './problems.ts';
import { type RawSettings, schema, unsupported } from './schema.ts';
import { checkSecrets, keyWeakness } from './secret.ts';
import { type Setting, takes } from './setting.ts';
import type { Settings } from './settings.ts';
import { type Environment, Sources } from './sources.ts';
import { unknownSettings } from './unknown.ts';
import { readValues } from './values.ts';

/**
 * The settings that the environment and the config file ask for; the environment wins. `dotenv` are those of its
 * variables that came from the file `.env`. Throws one StartError that
 * lists every problem of both on a line of its own: the variable or the place in the file, its value unless it is
 * secret, and what is allowed. Makes and changes nothing; reads at most the file that JWT_PUBLIC_KEY names.
 */
export function loadSettings(
  env: Environment,
  file: ConfigFile | null = null,
  dotenv: ReadonlySet<string> = new Set(),
): Settings {
  return resolveSettings(env, file, dotenv).settings;
}

/** The same, and where each value came from. */
export function resolveSettings(
  env: Environment,
  file: ConfigFile | null,
  dotenv: ReadonlySet<string> = new Set(),
): { readonly settings: Settings; readonly sources: Sources } {
  const sources = new Sources(env, file, dotenv);
  const problems = new Problems(sources);
  const raw = readValues(sources, problems);
  const settings = assemble(raw, problems, sources);
  checkSecrets(settings.jwt, settings.production, problems);
  for (const name of unsupported) {
    if (env[name]) problems.add(`${name} is set, but cannot be used. ${schema.engine.kind.hint}`);
  }
  for (const { name, meant } of unknownSettings(env)) {
    problems.add(`unknown setting ${name}; did you mean ${meant}?`);
  }
  problems.throwIfAny();
  return { settings, sources };
}

const productionKeys = { minLength: minProductionLength, weakness: keyWeakness };

function assemble(raw: RawSettings, problems: Problems, sources: Sources): Settings {
  const { node, listen, apiKeys, origins, hosts, jwt, limits, networks, pages, ...rest } = raw;
  const production = isProduction(node.environment, problems);
  const { rates, clients } = deriveLimits(raw, sources);
  return {
    ...rest,
    ...doors(raw, production),
    production,
    rules: clientRules({ ...rest, rates, clients }, production, sources),
    warnings: problems.warnings,
    listen: {
      ...listen,
      basePath: listen.basePath.replace(/\/$/, ''),
      workers: workersOf(listen.workers),
    },
    pages: { enabled: pages.enabled ?? !production, console: pages.console ?? !production },
    limits: {
      ...limits,
      ...rates,
      backlogLatest: channelsOf(schema.limits.backlogLatest, limits.backlogLatest, problems),
      backlogDrop: channelsOf(schema.limits.backlogDrop, limits.backlogDrop, problems),
    },
    clients,
    networks: {
      trustedProxies: trustedProxies(networks.trustedProxies, problems),
      allowed: networksOf(schema.networks.allowed, networks.allowed, problems),
      denied: networksOf(schema.networks.denied, networks.denied, problems),
    },
    jwt: readJwt(jwt, production, problems),
    apiKeys: {
      header: apiKeys.header.toLowerCase(),
      keys:
        problems.attempt(schema.apiKeys.keys, () =>
          parseApiKeys(apiKeys.keys ?? '', production ? productionKeys : { minLength: 1 }),
        ) ?? [],
    },
    hosts: {
      publicUrl: hosts.publicUrl === null ? null : readPublicUrl(hosts.publicUrl, problems),
      allowed: problems.attempt(schema.hosts.allowed, () => parseHostList(hosts.allowed ?? '')) ?? [],
    },
    origins: {
      allowed: problems.attempt(schema.origins.allowed, () => parseOriginList(origins.allowed ?? '')) ?? [],
    },
  };
}

/** A stranger is let in, and may write, on a development server; in production only where that was set. */
function doors({ relay, websocket, sse, chat, guests }: RawSettings, production: boolean) {
  const required = <Group extends { readonly authRequired: boolean | null }>(group: Group) => ({
    ...group,
    authRequired: group.authRequired ?? production,
  });
  return {
    relay: required(relay),
    websocket: required(websocket),
    sse: required(sse),
    chat: required(chat),
    guests: { may: guests.may ?? (production ? 'subscribe' : 'all') },
    guestsInvited: websocket.authRequired === false || sse.authRequired === false,
  } as const;
}

function readPublicUrl(text: string, problems: Problems): string | null {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url && isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  const what = text.includes('@') ? 'is not usable' : `is ${shown(text)}`;
  problems.about(schema.hosts.publicUrl, `${what}; it takes ${takes(schema.hosts.publicUrl)}`);
  return null;
}

function workersOf(text: string): number {
  return text === 'auto' ? availableParallelism() : Number(text);
}

function channelsOf(setting: Setting, list: string | null, problems: Problems): ChannelSet {
  return problems.attempt(setting, () => parseChannelList(list ?? '')) ?? channelSet([]);
}

function trustedProxies(list: string | null, problems: Problems): string[] {
  if (list === null) return [...privateNetworks];
  return list.trim() === 'none' ? [] : networksOf(schema.networks.trustedProxies, list, problems);
}

function networksOf(setting: Setting, list: string | null, problems: Problems): string[] {
  return problems.attempt(setting, () => parseNetworkList(setting.env, list ?? '')) ?? [];
}

/** A name that is nearly `production` must not quietly give a development server. */
function isProduction(environment: string | null, problems: Problems): boolean {
  const name = (environment ?? '').trim().toLowerCase();
  if (name === 'production') return true;
  if (environment !== null && (name === 'prod' || distance(name, 'production') <= 2)) {
    problems.about(schema.node.environment, `is ${shown(environment)}; did you mean production`);
  }
  return false;
}
