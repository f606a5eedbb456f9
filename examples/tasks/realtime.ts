import type { Server } from 'node:http';
import { createServer, type Fanwire, FanwireError } from 'fanwire';
import type { Sessions } from './sessions.ts';
import type { Tasks } from './tasks.ts';

/** Fanwire on the application's server. It knows nothing of the framework: any `http.Server` will do. */
export async function addRealtime(server: Server, sessions: Sessions, tasks: Tasks): Promise<Fanwire> {
  const fanwire = await createServer({ server, engine: 'memory', env: process.env });

  // Who signed in to the application is let in as that user; nobody else is.
  fanwire.use(async (context, next) => {
    if (context.kind === 'connect') {
      const user = sessions.userOf(context.request.headers.cookie);
      if (user === null) throw new FanwireError('unauthorized', 'sign in first');
      context.authenticate({ user });
    }
    await next();
  });

  fanwire.use(async (context, next) => {
    if (context.kind === 'message' && /\bdarn\b/i.test(JSON.stringify(context.data))) {
      throw new FanwireError('forbidden', 'mind your language');
    }
    await next();
  });

  // {"action":"count_tasks","request_id":1} is answered like any other action.
  fanwire.action('channel', 'count_tasks', () => ({ tasks: tasks.all.length }));

  return fanwire;
}
