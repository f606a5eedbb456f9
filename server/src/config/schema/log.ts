import type { Setting } from '../setting.ts';

export const log = {
  level: {
    env: 'LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    meaning: 'The least severe line that is logged; `silent` logs nothing.',
  },
} as const satisfies Record<string, Setting>;

export interface LogSettings {
  /** The least severe line that is logged. Default info; silent logs nothing. */
  readonly level: (typeof log.level.choices)[number];
}
