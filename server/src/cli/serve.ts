import { doorsOf, openTo } from '../config/doors.ts';
import { dotenvPath } from '../config/dotenv.ts';
import type { ConfigFile } from '../config/file.ts';
import { needsDevelopmentSecret } from '../config/secret.ts';
import type { Settings } from '../config/settings.ts';
import { createLog } from '../ops/log.ts';
import { logSink } from '../ops/log-sink.ts';
import { type Server, startServer } from '../server.ts';
import { startWorkers } from '../workers/primary.ts';
import { commandName } from './command-name.ts';
import { makeToken } from './token.ts';

/** Where settings came from, besides the environment. */
interface Origin {
  readonly file: ConfigFile | null;
  /** Whether some came from the file `.env`. */
  readonly dotenv: boolean;
}

/** Runs until SIGTERM, SIGINT or SIGHUP; a second signal does not wait. Resolves after a clean end. */
export async function serve(settings: Settings, origin: Origin): Promise<void> {
  const log = createLog(settings.log.level, logSink(settings.log.format));
  const ending = firstSignal();
  const start = settings.listen.workers > 1 ? startWorkers : startServer;
  const server = await start(settings, log);
  try {
    process.stdout.write(`${await banner(settings, server, origin)}\n`);
    log.info({ signal: await ending }, 'closing');
  } finally {
    await server.close();
  }
  log.info({}, 'closed');
}

/** Milliseconds within which a further signal is the same one: npm passes on what the terminal sent to all of us. */
const echo = 1_000;

/** Resolves to the first signal; one that comes later ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let heard = 0;
    const hear = (signal: NodeJS.Signals): void => {
      if (heard > 0 && performance.now() - heard > echo) process.exit(1);
      heard ||= performance.now();
      resolve(signal);
    };
    process.on('SIGINT', hear);
    process.on('SIGTERM', hear);
    process.on('SIGHUP', hear);
  });
}

async function banner(
  settings: Settings,
  { url, management }: Server,
  { file, dotenv }: Origin,
): Promise<string> {
  const { engine, production, listen } = settings;
  const storage =
    engine.kind === 'sqlite'
      ? `${engine.databasePath} (sqlite, safe against: ${engine.durability})`
      : 'memory (gone at exit)';
  const lines = [`Fanwire is listening on ${url}`, `  messages    ${storage}`];
  if (listen.workers > 1) lines.push(`  workers     ${listen.workers} threads serve connections`);
  const files = [...(dotenv ? [dotenvPath] : []), ...(file ? [file.path] : [])];
  if (files.length > 0) lines.push(`  settings    ${files.join(', ')}, and the environment, which wins`);
  if (!production) lines.push('  mode        development (NODE_ENV is not production)');
  lines.push(...managementLines[management]);
  lines.push(...doorLines(settings));
  lines.push(...pageLines(settings, url));
  if (needsDevelopmentSecret(settings)) {
    lines.push(`  token       ${await makeToken(settings, { sub: 'dev' })}`);
    lines.push(`              for user "dev"; make others with: ${commandName()} token --sub <user>`);
  }
  return lines.join('\n');
}

/** What each dialect asks of who wants in. */
function doorLines(settings: Settings): string[] {
  const doors = doorsOf(settings);
  const open = openTo(doors);
  const closed = Object.keys(doors).filter((dialect) => !open.includes(dialect));
  const lines = [`  sign-in     needed by ${closed.join(', ')}`];
  if (open.length > 0) lines.push(`  guests      ${guestsMay[settings.guests.may]}: ${open.join(', ')}`);
  return lines;
}

const guestsMay = {
  none: 'hear only what goes to everyone',
  subscribe: 'may subscribe, and not publish',
  all: 'may subscribe and publish',
} as const;

const managementLines = {
  all: ['  management  open to programs of this machine, and to nobody whom a proxy or tunnel forwards'],
  commands: [
    '  management  wants a key, but for /ws/broadcast, /ws/send-to-*, /sse/*, /ws/stats and /ws/connections:',
    '              these are open to programs of this machine, as *_AUTH_REQUIRED=false says',
  ],
  nothing: [],
} as const;

/** What there is to be opened in a browser. */
function pageLines({ pages }: Settings, url: string): string[] {
  if (pages.enabled)
    return [
      `  pages       ${url}/ has links to all: test pages, the HTTP API${pages.console ? ', the console' : ''}`,
    ];
  return pages.console ? [`  console     ${url}/console`] : [];
}
