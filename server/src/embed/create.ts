import { assemble } from '../assembly.ts';
import { systemClock } from '../clock.ts';
import { Actions } from '../middleware/actions.ts';
import { Pipeline } from '../middleware/pipeline.ts';
import { announce } from '../ops/announce.ts';
import { createLog } from '../ops/log.ts';
import { logSink } from '../ops/log-sink.ts';
import { managementOf } from '../server.ts';
import { Attached } from './attached.ts';
import { Events } from './events.ts';
import { Fanwire } from './fanwire.ts';
import { type FanwireOptions, leftPaths, settingsOf } from './options.ts';
import { OwnPort } from './own-port.ts';

/**
 * Makes a server and opens its engine. It is reached once `listen()` was called, or at once where `server` is given.
 * Rejects with a StartError that names every option that is wrong, or says why the engine cannot be opened.
 */
export async function createServer(options: FanwireOptions = {}): Promise<Fanwire> {
  const settings = settingsOf(options);
  const {
    server,
    except = leftPaths(settings),
    logger = createLog(settings.log.level, logSink(settings.log.format)),
  } = options;
  announce(settings, logger);
  const management = server === undefined ? managementOf(settings) : 'nothing';
  const assembly = await assemble(settings, {
    log: logger,
    clock: systemClock,
    management,
    extend: (report) => ({
      pipeline: new Pipeline(report),
      actions: new Actions(),
      observer: new Events(report),
    }),
  });
  const place = server ? await Attached.to(server, assembly, except) : new OwnPort(assembly, management);
  return new Fanwire(assembly, place);
}
