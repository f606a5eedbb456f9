import type { Setting } from '../setting.ts';

export const shutdown = {
  timeout: {
    env: 'SHUTDOWN_TIMEOUT',
    kind: 'seconds',
    default: 10,
    min: 0,
    max: 3600,
    meaning: 'How long the end of the server waits for connections to be closed; 0 drops them at once.',
  },
} as const satisfies Record<string, Setting>;

export interface ShutdownSettings {
  /** Milliseconds the end waits for connections to be closed. Default 10 s; 0 drops them at once. */
  readonly timeout: number;
}
