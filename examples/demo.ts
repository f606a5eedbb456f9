/**
 * `npm run demo`: one channel, a client of each dialect by a library of its own, and curl. Each says one sentence, and
 * all of them hear it, each in its own shape. Exit code 0 when everyone heard everything, in the same order.
 */
import { parseArgs } from 'node:util';
import { channelClient } from './demo/channel.ts';
import { chat } from './demo/chat.ts';
import { curl } from './demo/curl.ts';
import { events } from './demo/events.ts';
import { channel, type Participant } from './demo/participant.ts';
import { relay } from './demo/relay.ts';
import { room } from './demo/room.ts';
import { DemoServer } from './demo/server.ts';
import { everyone } from './demo/waiting.ts';

const { values } = parseArgs({ options: { timeout: { type: 'string', default: '30' } } });

async function main(deadline: AbortSignal): Promise<void> {
  await using server = new DemoServer();
  const url = await only('the server starts', server.url, deadline);
  const participants = await connect(server, url, deadline);
  introduce(participants, url);
  const said = await converse(participants, deadline);
  for (const participant of participants) participant.close();
  const code = await only('the server ends', server.stop(), deadline);
  if (code !== 0) throw new Error(`the server ended with ${code}`);
  summarise(participants, said);
}

/** All five dialects, in the channel, and curl. */
async function connect(server: DemoServer, url: string, deadline: AbortSignal): Promise<Participant[]> {
  const joining = new Map<string, Promise<Participant>>([
    ['relay', relay(url)],
    ['room', server.token('rosa').then((token) => room(url, token))],
    ['channel', channelClient(url)],
    ['chat', chat(url)],
    ['events', events(url)],
  ]);
  const clients = [...(await everyone('joining the channel', joining, deadline)).values()];
  const fail = (why: string): void => {
    for (const { ears } of clients) ears?.fail(why);
  };
  return [...clients, curl(url, fail)];
}

/** One after the other says something; the next waits until all heard it. Returns what was said. */
async function converse(participants: readonly Participant[], deadline: AbortSignal): Promise<string[]> {
  const said: string[] = [];
  for (const speaker of participants) {
    const text = `Hello from ${speaker.name}!`;
    console.log(`${speaker.name} says\n    ${speaker.say(text)}`);
    said.push(text);
    const hearing = listeners(participants).map(
      ({ name, ears }) => [name, ears.hear(text)] as [string, Promise<string>],
    );
    for (const [name, frame] of await everyone(`hearing "${text}"`, new Map(hearing), deadline)) {
      console.log(`  ${name.padEnd(7)} hears  ${shortened(frame)}`);
    }
    console.log('');
  }
  return said;
}

/** A UUID fills half a line and tells a reader nothing. */
function shortened(frame: string): string {
  return frame.replaceAll(/([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1…');
}

function introduce(participants: readonly Participant[], url: string): void {
  console.log(`Fanwire at ${url}, channel "${channel}"\n`);
  for (const { name, address, library } of participants) {
    console.log(`  ${name.padEnd(8)} ${address.padEnd(30)} by ${library}`);
  }
  console.log('');
}

/** Throws unless everyone heard everything once, in the order in which it was said. */
function summarise(participants: readonly Participant[], said: readonly string[]): void {
  const hearers = listeners(participants);
  for (const { name, ears } of hearers) {
    if (ears.texts.join() === said.join()) continue;
    throw new Error(`${name} heard something else than was said: ${ears.texts.join(' ')}`);
  }
  const deliveries = said.length * hearers.length;
  console.log(
    `${said.length} messages, ${hearers.length} clients, ${deliveries} of ${deliveries} deliveries, the same order for all.`,
  );
}

type Listener = Participant & { readonly ears: NonNullable<Participant['ears']> };

function listeners(participants: readonly Participant[]): Listener[] {
  return participants.filter((participant): participant is Listener => participant.ears !== null);
}

async function only<T>(what: string, promise: Promise<T>, deadline: AbortSignal): Promise<T> {
  const [value] = (await everyone(what, new Map([['fanwire', promise]]), deadline)).values();
  return value as T;
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort(signal));

try {
  await main(AbortSignal.any([AbortSignal.timeout(Number(values.timeout) * 1000), interrupted.signal]));
} catch (thrown) {
  console.error(`The demo failed. ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exit(1);
}
