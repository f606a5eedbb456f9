/** Where a server is, and what to show it. Plain data: it crosses process boundaries. */
export interface Endpoint {
  readonly port: number;
  /** The IP address to connect to. @default 127.0.0.1 */
  readonly address?: string;
  /** Name and port, as the URL has them. @default the address and the port */
  readonly host?: string;
  /** Speaks TLS. @default false */
  readonly tls?: boolean;
  /** What stands before every path, where the server is behind a proxy: `/fan`. @default nothing */
  readonly base?: string;
  /** Sent with every request and upgrade: credentials. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

const LOOPBACK = '127.0.0.1';

export function addressOf({ address = LOOPBACK }: Endpoint): string {
  return address;
}

export function hostOf(endpoint: Endpoint): string {
  return endpoint.host ?? `${addressOf(endpoint)}:${endpoint.port}`;
}

/** For `fetch`. */
export function urlOf(endpoint: Endpoint, path: string): string {
  return `${endpoint.tls === true ? 'https' : 'http'}://${hostOf(endpoint)}${endpoint.base ?? ''}${path}`;
}

/** The head of a request, its empty line included. `path` may have a query. */
export function requestHead(
  endpoint: Endpoint,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  version: '1.0' | '1.1' = '1.1',
): string {
  const lines = Object.entries({ Host: hostOf(endpoint), ...endpoint.headers, ...headers });
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${endpoint.base ?? ''}${path} HTTP/${version}\r\n${fields}\r\n`;
}
