import type { Setting } from '../setting.ts';

export const log = {
  level: {
    env: 'LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    meaning: 'The least severe line that is logged; `silent` logs nothing.',
  },
  format: {
    env: 'LOG_FORMAT',
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'json', 'text'],
    meaning:
      'How lines are written: `json` for programs, `text` for people; `auto` is text on a terminal, else JSON.',
  },
  connections: {
    env: 'LOG_CONNECTIONS',
    kind: 'boolean',
    default: false,
    meaning:
      'Whether each connection that comes or goes is a line of the level info, with its id, its user and its address; otherwise it is one of the level debug.',
  },
} as const satisfies Record<string, Setting>;

export interface LogSettings {
  /** The least severe line that is logged. Default info; silent logs nothing. */
  readonly level: (typeof log.level.choices)[number];
  /** Default auto: text for people on a terminal, else JSON. */
  readonly format: (typeof log.format.choices)[number];
  /** Whether connections that come and go are logged at level info, instead of debug. Default false. */
  readonly connections: boolean;
}
