import type { Clock } from '../clock.ts';
import type { Settings } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import type { Hub } from '../hub/hub.ts';
import { ApiKeys } from './api-keys.ts';
import { Authenticator } from './authenticator.ts';
import type { Callers } from './callers.ts';
import { Gate } from './gate.ts';
import { HostRule } from './host.ts';
import { TokenVerifier } from './jwt.ts';
import type { Attempts } from './limits/attempts.ts';
import { OriginRule } from './origin.ts';
import type { Principal } from './principal.ts';
import { Revocations } from './revocations.ts';
import { Rooms } from './rooms.ts';
import type { TicketBook } from './tickets.ts';

/** Everything that decides who comes in and who may do what. */
export interface Access {
  readonly verifier: TokenVerifier;
  readonly authenticator: Authenticator;
  readonly tickets: TicketBook;
  readonly attempts: Attempts;
  readonly host: HostRule;
  readonly origin: OriginRule;
  readonly rooms: Rooms;
  readonly revocations: Revocations;
  readonly gate: Gate;
}

/** Who hears of what happens while access is checked. */
export interface Hearers {
  /** Of faults that no client caused. */
  readonly report: (thrown: unknown) => void;
  /** Of the first token that never expires. */
  readonly onEndless: () => void;
}

/** Throws a StartError for a key that cannot be used. */
export async function createAccess(
  { jwt, apiKeys, origins, hosts, listen, production, websocket, guests, quotas }: Settings,
  hub: Hub,
  stores: Pick<Engine, 'rooms' | 'revocations'>,
  tickets: TicketBook,
  { limits: { attempts } }: Callers,
  clock: Clock,
  hears: Hearers,
): Promise<Access> {
  const revocations = new Revocations(hub, stores.revocations);
  const revoked = (principal: Principal): boolean => revocations.covers(principal);
  const rooms = new Rooms(hub, stores.rooms, quotas);
  const verifier = await TokenVerifier.create({ ...jwt, ...hears, clock, revoked });
  const host = new HostRule({ ...hosts, production, listen: listen.host });
  return {
    verifier,
    tickets,
    attempts,
    rooms,
    revocations,
    authenticator: new Authenticator({
      verifier,
      tickets,
      revoked,
      attempts,
      apiKeys: new ApiKeys(apiKeys.keys),
      apiKeyHeader: apiKeys.header,
    }),
    host,
    origin: new OriginRule({ allowed: origins.allowed, production, own: host }),
    gate: new Gate(rooms, guests.may, websocket),
  };
}
