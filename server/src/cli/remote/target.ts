import { type Command, Option } from 'commander';
import type { Environment } from '../../config/sources.ts';
import { clientVariables } from '../../config/unknown.ts';
import { StartError } from '../../errors.ts';

const defaultUrl = 'http://127.0.0.1:8000';
const defaultHeader = 'X-API-Key';

export interface TargetOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly apiKeyHeader?: string;
  readonly token?: string;
}

/** A running server, and the credentials to show it. */
export interface Target {
  /** Without a path's last slash. Holds no credentials. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether there are credentials at all. */
  readonly known: boolean;
}

/** The options of every command that asks a running server. */
export function withTargetOptions(command: Command): Command {
  const { url, apiKey, apiKeyHeader, token } = clientVariables;
  return command
    .addOption(new Option('--url <url>', `the server (${url}; default: ${defaultUrl})`))
    .addOption(new Option('--api-key <key>', `an API key; better kept in the environment (${apiKey})`))
    .addOption(new Option('--token <jwt>', `a token; better kept in the environment (${token})`))
    .addOption(
      new Option(
        '--api-key-header <name>',
        `the header that the server takes keys by (${apiKeyHeader}; default: ${defaultHeader})`,
      ),
    );
}

/** Options win over the environment. Throws a StartError that shows no credential. */
export function targetOf(options: TargetOptions, env: Environment): Target {
  const apiKey = value(options.apiKey, env[clientVariables.apiKey], '--api-key', clientVariables.apiKey);
  const token = value(options.token, env[clientVariables.token], '--token', clientVariables.token);
  const header = options.apiKeyHeader ?? (env[clientVariables.apiKeyHeader] || defaultHeader);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) {
    throw new StartError('--api-key-header: this is no name of an HTTP header.');
  }
  return {
    url: parseUrl(options.url ?? (env[clientVariables.url] || defaultUrl)),
    headers: {
      ...(apiKey === undefined ? {} : { [header]: apiKey }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    known: apiKey !== undefined || token !== undefined,
  };
}

/** A header takes printable ASCII only; anything else would be a mistake in copying. */
function value(
  option: string | undefined,
  variable: string | undefined,
  name: string,
  variableName: string,
): string | undefined {
  const text = option ?? (variable || undefined);
  if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
  throw new StartError(
    `${name} (or ${variableName}): is empty, or has spaces or characters outside of ASCII.`,
  );
}

function parseUrl(text: string): URL {
  const url = URL.parse(text.replace(/^ws(?=s?:)/, 'http'));
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isWeb) {
    throw new StartError('--url (or FANWIRE_URL): is no address; write it as http://host:port.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new StartError(
      '--url (or FANWIRE_URL): takes no user name, password, query or fragment; credentials go to --api-key or --token.',
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** The address as messages show it. */
export function shownUrl({ url }: Target): string {
  return url.href.replace(/\/$/, '');
}

/** The address of a route of the server, which may live below a path of a proxy. */
export function addressOf({ url }: Target, path: string, query: Query = {}): URL {
  const address = new URL(`${url.href.replace(/\/$/, '')}${path}`);
  for (const [name, given] of Object.entries(query)) {
    if (given !== undefined) address.searchParams.set(name, String(given));
  }
  return address;
}

export type Query = Readonly<Record<string, string | number | undefined>>;
