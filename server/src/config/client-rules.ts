import type { Rate } from '../access/limits/bucket.ts';
import type { ClientRuleSets, ConnectionRule } from '../access/limits/rules.ts';
import type { ClientSettings } from './schema/clients.ts';
import type { LimitSettings } from './schema/limits.ts';
import type { RawSettings } from './schema.ts';
import { schema } from './schema.ts';
import type { Setting } from './setting.ts';
import type { Sources } from './sources.ts';

/** What one user or one address may send, compared with one connection. */
const severalfold = 5;
/** An address gets this part of all places. */
const half = 0.5;

export type RateSettings = Pick<LimitSettings, 'messageRate' | 'messageBurst'>;

/** Limits whose default follows from other settings. */
export function deriveLimits({ limits, clients }: RawSettings, sources: Sources) {
  const { messageRate } = limits;
  const derived = <Value>(setting: Setting, set: Value, otherwise: Value): Value =>
    isGiven(sources, setting) ? set : otherwise;
  const rates: RateSettings = {
    messageRate,
    messageBurst: derived(
      schema.limits.messageBurst,
      limits.messageBurst,
      isGiven(sources, schema.limits.messageRate) ? messageRate : limits.messageBurst,
    ),
  };
  const { messageRatePerAddress, messageRatePerUser, connectionsPerAddress } = schema.clients;
  const several = messageRate * severalfold;
  return {
    rates,
    clients: {
      ...clients,
      connectionsPerAddress: derived(
        connectionsPerAddress,
        clients.connectionsPerAddress,
        share(limits.connections),
      ),
      messageRatePerAddress: derived(messageRatePerAddress, clients.messageRatePerAddress, several),
      messageRatePerUser: derived(messageRatePerUser, clients.messageRatePerUser, several),
    } satisfies ClientSettings,
  };
}

/** What the rules are made of. */
interface RuleSettings {
  readonly rates: RateSettings;
  readonly clients: ClientSettings;
  readonly websocket: { readonly maxConnections: number };
  readonly sse: { readonly maxConnections: number };
}

/**
 * The rules for everybody, and for clients on this machine: in development those are not counted by address, and may
 * have all places and open them as quickly as they like, unless a setting says otherwise.
 */
export function clientRules(settings: RuleSettings, production: boolean, sources: Sources): ClientRuleSets {
  const everybody = rulesOf(settings, sources);
  if (production) return { everybody, local: everybody };
  const { address, user } = everybody;
  const kept = <Value, Other>(key: keyof ClientSettings, rule: Value, without: Other): Value | Other =>
    isGiven(sources, schema.clients[key]) ? rule : without;
  return {
    everybody,
    local: {
      ...everybody,
      address: {
        frames: kept('messageRatePerAddress', address.frames, null),
        connects: kept('connectRatePerAddress', address.connects, null),
        connections: kept('connectionsPerAddress', address.connections, null),
      },
      user: {
        frames: user.frames,
        connects: kept('connectRatePerUser', user.connects, null),
        connections: kept('connectionsPerUser', user.connections, null),
      },
      reserved: kept('reservedPlaces', everybody.reserved, 0),
    },
  };
}

function rulesOf({ rates, clients, websocket, sse }: RuleSettings, sources: Sources) {
  const burst = rates.messageBurst * severalfold;
  const address: ConnectionRule = isGiven(sources, schema.clients.connectionsPerAddress)
    ? same(clients.connectionsPerAddress)
    : {
        all: clients.connectionsPerAddress,
        websocket: share(websocket.maxConnections),
        sse: share(sse.maxConnections),
      };
  return {
    frames: rate(rates.messageRate, rates.messageBurst),
    address: {
      frames: rate(clients.messageRatePerAddress, burst),
      connects: rate(clients.connectRatePerAddress, address.all),
      connections: address,
    },
    user: {
      frames: rate(clients.messageRatePerUser, burst),
      connects: rate(clients.connectRatePerUser, clients.connectionsPerUser),
      connections: same(clients.connectionsPerUser),
    },
    failures: rate(clients.failedCredentials / 60, clients.failedCredentials),
    reserved: clients.reservedPlaces / 100,
  };
}

/** A burst is at least what may pass in a second. */
function rate(perSecond: number, burst: number): Rate | null {
  return perSecond === 0 ? null : { perSecond, burst: Math.max(1, burst, perSecond) };
}

function same(limit: number): ConnectionRule {
  return { all: limit, websocket: limit, sse: limit };
}

function share(places: number): number {
  return Math.max(1, Math.floor(places * half));
}

function isGiven(sources: Sources, setting: Setting): boolean {
  return sources.given(setting) !== undefined;
}
