import type { Setting } from '../setting.ts';

export const listen = {
  host: {
    env: 'HOST',
    kind: 'text',
    default: '127.0.0.1',
    pattern: /^[^\s/]+$/,
    takes: 'a host name or an IP address',
    meaning: 'Address to listen on; `0.0.0.0` or `::` is every interface.',
  },
  port: {
    env: 'PORT',
    kind: 'integer',
    default: 8000,
    min: 0,
    max: 65_535,
    meaning: 'Port to listen on; 0 is any free one.',
  },
  basePath: {
    env: 'BASE_PATH',
    kind: 'text',
    default: '/',
    pattern: /^(\/[\w.~-]+)*\/?$/,
    takes: 'a path such as /realtime, of letters, digits and . _ ~ -',
    meaning:
      'Path below which everything is served, WebSockets, streams and pages included; with `/realtime` it is `/realtime/ws/connect`.',
  },
  workers: {
    env: 'WORKERS',
    kind: 'text',
    default: '1',
    pattern: /^(auto|[1-9]\d?)$/,
    numbers: true,
    takes: 'a whole number from 1 to 99, or auto',
    meaning:
      'Threads that serve connections, beside the one that keeps messages; `auto` is one for each core, and 1 is everything on one thread. Of `fanwire serve` only.',
  },
} as const satisfies Record<string, Setting>;

export interface ListenSettings {
  /** Host name or IP address. Default 127.0.0.1; `0.0.0.0` and `::` are every interface. */
  readonly host: string;
  /** Default 8000; 0 is any free port. */
  readonly port: number;
  /** Path below which everything is served, without a slash at its end. Default the empty one. */
  readonly basePath: string;
  /** Threads that serve connections. Default 1: this one. */
  readonly workers: number;
}
