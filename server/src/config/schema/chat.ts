import type { Setting } from '../setting.ts';

export const chat = {
  authRequired: {
    env: 'CHAT_AUTH_REQUIRED',
    kind: 'boolean',
    default: null,
    shownDefault: '`true` in production, else `false`',
    meaning: 'Whether the chat dialect refuses connections without credentials.',
  },
  historyOnJoin: {
    env: 'CHAT_HISTORY_ON_JOIN',
    kind: 'integer',
    unit: 'messages',
    default: 50,
    min: 0,
    max: 1000,
    meaning: 'Last messages of a chat room that one gets on joining; 0 is none.',
  },
} as const satisfies Record<string, Setting>;

export interface ChatSettings {
  /** Default: in production. */
  readonly authRequired: boolean;
  /** Last messages of a room that one gets on joining. Default 50; 0 is none. */
  readonly historyOnJoin: number;
}
