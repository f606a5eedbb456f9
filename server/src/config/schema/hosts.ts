import type { Setting } from '../setting.ts';

export const hosts = {
  publicUrl: {
    env: 'PUBLIC_URL',
    kind: 'text',
    default: null,
    takes: 'an http or https address such as https://fan.example.com, without a user name or a query',
    meaning: 'Where clients reach this server: its pages are of the own origin, and its name is answered.',
  },
  allowed: {
    env: 'ALLOWED_HOSTS',
    kind: 'list',
    default: null,
    takes: 'host names such as fan.example.com, separated by commas',
    shownDefault: 'in development loopback names, IP addresses, HOST and PUBLIC_URL; in production any',
    meaning:
      'Further names of this server. In development a request by another Host is refused with 421 `misdirected`, unless it has a valid credential; in production pages of these names are of the own origin.',
  },
} as const satisfies Record<string, Setting>;

export interface HostSettings {
  /** Where clients reach this server, without a final slash. Default null. */
  readonly publicUrl: string | null;
  /** Further names of this server, in lower case, with or without a port. Default none. */
  readonly allowed: string[];
}
