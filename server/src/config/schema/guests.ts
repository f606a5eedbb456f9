import type { Setting } from '../setting.ts';

export const guests = {
  may: {
    env: 'ANONYMOUS',
    kind: 'choice',
    default: null,
    choices: ['none', 'subscribe', 'all'],
    shownDefault: '`all`; in production `subscribe`',
    meaning:
      'What a connection without credentials may do, where it is let in: `subscribe` is to hear what is published, `none` is to hear what goes to everyone only.',
  },
} as const satisfies Record<string, Setting>;

export interface GuestSettings {
  /** What a connection without credentials may do, where it is let in. Default all, in production subscribe. */
  readonly may: 'none' | 'subscribe' | 'all';
}
