/** A program as somebody writes it who has installed the package. The tests check its types, and run it. */
import { createServer as createHttpServer, type Server } from 'node:http';
import {
  type ConnectionInfo,
  createServer,
  type Ending,
  type Fanwire,
  FanwireError,
  type FanwireOptions,
  type HistoryPage,
  type Middleware,
  operatorPaths,
  type Receipt,
  StartError,
  version,
} from 'fanwire';

const http: Server = createHttpServer();
const options: FanwireOptions = {
  server: http,
  except: [...operatorPaths, '/mine'],
  engine: { kind: 'memory' },
  jwt: { secret: 'a-secret-of-32-bytes-for-the-tests!' },
  origins: { allowed: ['https://app.example.com'] },
};

const shout: Middleware = async (context, next) => {
  if (context.kind === 'message') context.type = context.type.toUpperCase();
  else context.authenticate({ user: context.request.headers['x-user']?.toString() ?? 'nobody' });
  await next();
};

const fanwire: Fanwire = await createServer(options);
const heard: string[] = [];
fanwire
  .use(shout)
  .action('channel', 'whoami', ({ connection }) => connection.user)
  .on('message', ({ channel, data }) => heard.push(`${channel} ${JSON.stringify(data)}`))
  .on('disconnect', (connection: ConnectionInfo, { code, by }: Ending) => {
    heard.push(`${connection.id} was closed with ${code} by the ${by}`);
  });

const receipt: Receipt = await fanwire.publish('lobby', { text: 'hello' }, { persist: true });
const page: HistoryPage = await fanwire.history('lobby', { limit: 10, after: 0 });
const token: string = await fanwire.createAccessToken('ann', { ttl: 60, channels: ['lobby'] });

const refusal: unknown = await fanwire.publish('', null).catch((thrown: unknown) => thrown);
const mistake: unknown = await createServer({ engine: 'sqlite', env: { PORT: 'x' } }).catch(
  (thrown) => thrown,
);

// @ts-expect-error: there is no such engine
const wrong: FanwireOptions = { engine: 'floppy' };
// @ts-expect-error: `events` is listened to only
const deaf = (): Fanwire => fanwire.action('events', 'whoami', () => null);

await fanwire.close();

console.log(
  JSON.stringify({
    version,
    offset: receipt.offset,
    messages: page.messages.map(({ type, persist }) => ({ type, persist })),
    token: token.split('.').length,
    heard,
    refusal: refusal instanceof FanwireError && refusal.code,
    mistake: mistake instanceof StartError,
    unused: [wrong, deaf].length,
  }),
);
