import { needsDevelopmentSecret } from '../config/secret.ts';
import type { Settings } from '../config/settings.ts';
import { createLog } from '../ops/log.ts';
import { type Server, startServer } from '../server.ts';
import { makeToken } from './token.ts';

/** Runs until SIGTERM or SIGINT; a second signal does not wait. Resolves after a clean end. */
export async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings.log.level);
  const server = await startServer(settings, log);
  process.stdout.write(`${await banner(settings, server)}\n`);
  const signal = await nextSignal();
  log.info({ signal }, 'closing');
  const impatient = (): never => process.exit(1);
  process.once('SIGINT', impatient);
  process.once('SIGTERM', impatient);
  await server.close();
  log.info({}, 'closed');
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
}

async function banner(settings: Settings, { url, managementOpen }: Server): Promise<string> {
  const { engine, production } = settings;
  const storage =
    engine.kind === 'sqlite'
      ? `${engine.databasePath} (sqlite, safe against: ${engine.durability})`
      : 'memory (gone at exit)';
  const lines = [`Fanwire is listening on ${url}`, `  messages    ${storage}`];
  if (!production) lines.push('  mode        development (NODE_ENV is not production)');
  if (managementOpen) lines.push('  management  open: no API key is set and only this machine can connect');
  if (needsDevelopmentSecret(settings)) {
    lines.push(`  token       ${await makeToken(settings, { sub: 'dev' })}`);
    lines.push('              for user "dev"; make others with: fanwire token --sub <user>');
  }
  return lines.join('\n');
}
