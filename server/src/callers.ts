import { Callers } from './access/callers.ts';
import { ClientAddresses } from './access/client-address.ts';
import { Bites, type LimitMeter } from './access/limits/bites.ts';
import { ClientLimits } from './access/limits/client-limits.ts';
import type { Counts } from './access/limits/counts.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import type { Log } from './transport/node.ts';

export interface CallerParts {
  readonly counts: Counts;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: LimitMeter;
}

/** What the settings say of addresses, users and networks. */
export function createCallers(
  { rules, networks, listen }: Settings,
  { counts, clock, log, meter }: CallerParts,
): Callers {
  const now = (): number => clock.monotonic();
  return new Callers({
    ...networks,
    addresses: new ClientAddresses({
      ...networks,
      onUntrusted: (peer) => {
        log.warn({ peer }, 'X-Forwarded-For is ignored: the peer is not in TRUSTED_PROXIES');
      },
    }),
    limits: new ClientLimits({
      rules,
      counts,
      now,
      bites: new Bites({ now, log, meter }),
      threads: listen.workers,
    }),
  });
}
