import type { ApiKey } from '../../access/api-keys.ts';
import type { Setting } from '../setting.ts';

export const apiKeys = {
  header: {
    env: 'WS_API_KEY_HEADER',
    kind: 'text',
    default: 'X-API-Key',
    pattern:
      /^(?!(?:authorization|cookie|host|origin|connection|upgrade|sec-.*|content-.*)$)[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/i,
    takes: 'the name of an HTTP header that has no other use',
    meaning: 'Request header that carries an API key; upper and lower case are the same.',
  },
  keys: {
    env: 'WS_API_KEYS',
    kind: 'secret',
    default: null,
    several: true,
    takes:
      'keys of at least 16 characters separated by commas, each alone or as name:scopes:key, with scopes of publish, read and manage joined by +',
    meaning:
      'API keys that are accepted; a key alone has every scope, and without any key only tokens are accepted.',
  },
} as const satisfies Record<string, Setting>;

export interface ApiKeySettings {
  /** Request header that carries a key, in lower case as Node names headers. Default x-api-key. */
  readonly header: string;
  /** Default none: only tokens are accepted. */
  readonly keys: ApiKey[];
}
