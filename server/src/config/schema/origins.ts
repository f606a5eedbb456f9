import type { Setting } from '../setting.ts';

export const origins = {
  allowed: {
    env: 'ALLOWED_ORIGINS',
    kind: 'list',
    default: null,
    takes: 'origins such as https://app.example.com, separated by commas, or *',
    shownDefault: 'the own origin (PUBLIC_URL, ALLOWED_HOSTS); in development also any loopback origin',
    meaning: 'Origins of other pages that may connect, compared exactly; `*` is all.',
  },
} as const satisfies Record<string, Setting>;

export interface OriginSettings {
  /** Normalised origins that may connect, or `*`. Default none: the server's own, in development also loopback. */
  readonly allowed: string[];
}
