/** An application in Fastify, with Fanwire on its server. */
import fastify from 'fastify';
import { Live } from '../tasks/live.ts';
import { addRealtime } from '../tasks/realtime.ts';
import { Sessions } from '../tasks/sessions.ts';
import { Tasks } from '../tasks/tasks.ts';

const sessions = new Sessions();
const tasks = new Tasks();

const app = fastify();
const live = new Live(app.server, tasks);
const fanwire = await addRealtime(app.server, sessions, tasks);

/** The schema of a body with one text. */
function body(name: string) {
  return {
    body: { type: 'object', required: [name], properties: { [name]: { type: 'string', minLength: 1 } } },
  };
}

// A real one asks for a password.
app.post<{ Body: { user: string } }>(
  '/login',
  { schema: body('user') },
  async ({ body: { user } }, reply) => {
    reply.header('set-cookie', sessions.start(user));
    return { user };
  },
);

app.get('/tasks', async () => tasks.all);

app.post<{ Body: { title: string } }>('/tasks', { schema: body('title') }, async (request, reply) => {
  const user = sessions.userOf(request.headers.cookie);
  if (user === null) return reply.code(401).send({ error: 'sign in first' });
  const task = tasks.add(request.body.title, user);
  live.tell();
  await fanwire.publish('tasks', task, { type: 'task' });
  return reply.code(201).send(task);
});

app.setNotFoundHandler((_request, reply) => {
  reply.code(404).send({ error: 'the application has nothing here' });
});

// Before Fastify waits for its connections: WebSockets and streams do not end by themselves.
app.addHook('preClose', async () => {
  live.close();
  await fanwire.close();
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());

const url = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
console.log(`The application is listening on ${url}`);
