import type { IncomingHttpHeaders } from 'node:http';

/** What of management needs no credentials: all of it, the older system's own commands, or nothing. */
export type OpenManagement = 'all' | 'commands' | 'nothing';

/** Headers by which a proxy or a tunnel says that somebody else asks; besides all that begin with `x-forwarded-`. */
const forwarding: ReadonlySet<string> = new Set([
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-original-host'],
  ...[
    'cf-connecting-ip',
    'cf-ray',
    'cdn-loop',
    'true-client-ip',
    'fastly-client-ip',
    'x-envoy-external-address',
  ],
]);

/**
 * The header that says that a request came from elsewhere; null when none does. What listens on a loopback address is
 * reached from anywhere once a proxy or a tunnel runs on the same machine, and the peer is then that program.
 */
export function forwardedBy(headers: IncomingHttpHeaders): string | null {
  for (const name in headers) {
    if (name.startsWith('x-forwarded-') || forwarding.has(name)) return name;
  }
  return null;
}
