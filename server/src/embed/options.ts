import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { loadSettings } from '../config/load.ts';
import { readOptions, type SettingOptions, withoutGiven } from '../config/options.ts';
import { needsDevelopmentSecret } from '../config/secret.ts';
import type { Settings } from '../config/settings.ts';
import type { Environment } from '../config/sources.ts';
import { StartError } from '../errors.ts';
import { withSecret } from '../server.ts';
import type { Log } from '../transport/node.ts';

/** What `createServer` takes: every setting by group and key, and how the server lives in the program. */
export type FanwireOptions = SettingOptions & {
  /** Serve on this HTTP server, beside what it serves already, instead of on a port of its own. */
  readonly server?: Server | undefined;
  /**
   * Paths that are left to `server`: each with everything below it, but `/`, which is itself alone. Default: the
   * operator's pages, which applications commonly have themselves (`operatorPaths`), but for those that `pages` asks
   * for.
   */
  readonly except?: readonly string[] | undefined;
  /** Refuse weak secrets, and do not let loopback origins pass. Default: whether NODE_ENV is `production`. */
  readonly production?: boolean | undefined;
  /** Settings that the options do not have, as `process.env` has them. Default: none. */
  readonly env?: Environment | undefined;
  /** Where log lines go. Default: lines on standard error, by `log`. */
  readonly logger?: Log | undefined;
};

/** Paths that a Fanwire on somebody else's server leaves to the application, unless told otherwise. */
export const operatorPaths: readonly string[] = [
  ...['/health', '/ready', '/metrics', '/openapi.json', '/docs', '/console'],
];

/** Paths that are left to the application, unless it says which. */
export function leftPaths({ pages }: Settings): readonly string[] {
  const asked = [
    ...(pages.enabled ? ['/docs', '/openapi.json'] : []),
    ...(pages.console ? ['/console'] : []),
  ];
  return operatorPaths.filter((path) => !asked.includes(path));
}

/** What an application has itself: on its server there are pages of ours only if it asks for them. */
const noPages: Environment = { PAGES_ENABLED: 'false', CONSOLE_ENABLED: 'false' };

/** The settings in force. Throws a StartError that names every option that is wrong. */
export function settingsOf(options: FanwireOptions): Settings {
  const { server, except: _except, production, env: given = {}, logger: _logger, ...groups } = options;
  const file = readOptions(groups);
  const env = server === undefined ? given : { ...noPages, ...given };
  const node = production === undefined ? process.env.NODE_ENV : production ? 'production' : 'development';
  const settings = loadSettings({ ...withoutGiven(env, file), NODE_ENV: node }, file);
  if (settings.listen.workers > 1) {
    throw new StartError(
      'listen.workers: a server in a program is on one thread, as its middleware is; several workers are for fanwire serve.',
    );
  }
  // A server that keeps nothing on disk keeps no secret there either.
  if (settings.engine.kind !== 'memory' || !needsDevelopmentSecret(settings)) return withSecret(settings);
  return { ...settings, jwt: { ...settings.jwt, secret: randomBytes(32).toString('hex') } };
}
