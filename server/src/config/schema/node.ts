import type { Setting } from '../setting.ts';

export const node = {
  environment: {
    env: 'NODE_ENV',
    kind: 'text',
    default: null,
    takes: 'production, or any other name for a development server',
    meaning: '`production` turns the production rules on; anything else is development.',
  },
} as const satisfies Record<string, Setting>;
