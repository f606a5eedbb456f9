import type { Setting } from '../setting.ts';

const shownDefault = '`false` in production, else `true`';

export const pages = {
  enabled: {
    env: 'PAGES_ENABLED',
    kind: 'boolean',
    default: null,
    shownDefault,
    meaning:
      'Whether the pages for trying things out are served: `/` with links to the others, `/docs`, `/ws/test-page` and `/sse/test`.',
  },
  console: {
    env: 'CONSOLE_ENABLED',
    kind: 'boolean',
    default: null,
    shownDefault,
    meaning: 'Whether the console is served, at `/console`.',
  },
} as const satisfies Record<string, Setting>;

export interface PageSettings {
  /** The landing page, the description of the API as a page, the test pages. Default: outside production. */
  readonly enabled: boolean;
  /** Default: outside production. */
  readonly console: boolean;
}
