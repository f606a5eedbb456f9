import type { Setting } from '../setting.ts';

const takes = 'addresses and networks such as 10.0.0.0/8 or 2001:db8::/32, separated by commas';

export const networks = {
  trustedProxies: {
    env: 'TRUSTED_PROXIES',
    kind: 'list',
    default: null,
    takes: `${takes}, or none`,
    shownDefault: 'loopback, private and link-local networks',
    meaning:
      'Peers whose `X-Forwarded-For` says where a client is; from others the header means nothing. `none` is nobody.',
  },
  allowed: {
    env: 'ALLOWED_NETWORKS',
    kind: 'list',
    default: null,
    takes,
    shownDefault: 'every network',
    meaning: 'Networks whose clients are served; others get 403, but for `/health` and `/ready`.',
  },
  denied: {
    env: 'DENIED_NETWORKS',
    kind: 'list',
    default: null,
    takes,
    meaning: 'Networks whose clients get 403, those within `ALLOWED_NETWORKS` too.',
  },
} as const satisfies Record<string, Setting>;

export interface NetworkSettings {
  /** Peers whose `X-Forwarded-For` is believed. Default loopback, private and link-local networks. */
  readonly trustedProxies: string[];
  /** Networks that are served; empty, the default, is all. */
  readonly allowed: string[];
  /** Networks that are not served. Default none. */
  readonly denied: string[];
}
