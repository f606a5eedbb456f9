/** An application in Express, with Fanwire on its server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Live } from '../tasks/live.ts';
import { addRealtime } from '../tasks/realtime.ts';
import { Sessions } from '../tasks/sessions.ts';
import { Tasks } from '../tasks/tasks.ts';

const sessions = new Sessions();
const tasks = new Tasks();

const app = express();
const server = createServer(app);
const live = new Live(server, tasks);
const fanwire = await addRealtime(server, sessions, tasks);

app.use(express.json());

// A real one asks for a password.
app.post('/login', (request, response) => {
  const user: unknown = request.body?.user;
  if (typeof user !== 'string' || user === '')
    response.status(400).json({ error: 'user: a name is required' });
  else response.set('set-cookie', sessions.start(user)).json({ user });
});

app.get('/tasks', (_request, response) => {
  response.json(tasks.all);
});

app.post('/tasks', async (request, response) => {
  const user = sessions.userOf(request.headers.cookie);
  const title: unknown = request.body?.title;
  if (user === null) response.status(401).json({ error: 'sign in first' });
  else if (typeof title !== 'string') response.status(400).json({ error: 'title: a text is required' });
  else {
    const task = tasks.add(title, user);
    live.tell();
    await fanwire.publish('tasks', task, { type: 'task' });
    response.status(201).json(task);
  }
});

app.use((_request, response) => {
  response.status(404).json({ error: 'the application has nothing here' });
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`The application is listening on http://127.0.0.1:${port}`);
});

/** Nobody new; then everyone is told that it is over, and with the last connection the process ends. */
async function end(): Promise<void> {
  server.close();
  live.close();
  await fanwire.close();
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end);
