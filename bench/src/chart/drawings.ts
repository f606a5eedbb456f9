import { bytes as grouped } from '../report.ts';
import { fanwireMemory } from '../targets/fanwire.ts';
import { groupOf, type Reference, type Row, rowsOf } from './bars.ts';
import type { Fields } from './fields.ts';
import * as figures from './figures.ts';
import type { Figure, Group } from './panel.ts';

/** How a scenario's document is drawn. */
export interface Drawing {
  readonly title: string;
  /** `of` writes an option that is a number, with its thousands grouped. */
  conditions(of: (option: string) => string, options: Fields): string;
  groups(document: Fields): Group[];
  /** Documents in the document, by their names in it. */
  readonly parts?: readonly string[];
}

/** By the scenario's name as documents have it. */
export const drawings: ReadonlyMap<string, Drawing> = new Map<string, Drawing>([
  [
    'fanout',
    {
      title: 'Fan-out: one channel, many subscribers',
      conditions: (of) =>
        `${of('subscribers')} subscribers, ${of('publishers')} of which publish, ` +
        `${of('contentBytes')}-byte messages; in flight: not yet received back by its own publisher, so a server ` +
        'that serves senders before the others has more than that under way to these',
      groups: (document) => bySize(document, 'window', inFlight, figures.fanoutRate),
    },
  ],
  [
    'fanout at a fixed rate',
    {
      title: 'Fan-out on a schedule: the same load for all',
      conditions: (of) =>
        `${of('subscribers')} subscribers, ${of('messagesPerSecond')} messages/s of ${of('contentBytes')} bytes; ` +
        'latency from when a message was due',
      groups: (document) => {
        const rows = rowsOf(document, 'subject');
        return [figures.p50, figures.p99, figures.fanoutCost].map((figure) => groupOf('', figure, rows));
      },
    },
  ],
  [
    'rooms',
    {
      title: 'Many small rooms',
      conditions: (of) =>
        `${of('rooms')} rooms of ${of('members')} subscribers, one of each publishes, ` +
        `${of('contentBytes')}-byte messages`,
      groups: (document) => bySize(document, 'window', inFlight, figures.roomsRate),
    },
  ],
  [
    'sse',
    {
      title: 'Fan-out to event streams, beside WebSockets',
      conditions: (of) => `${of('subscribers')} subscribers, ${of('contentBytes')}-byte messages`,
      groups: eventStreams,
    },
  ],
  [
    'ingest',
    {
      title: 'Ingest: acknowledged publishes, no subscriber',
      conditions: (of) =>
        `${of('publishers')} publishers, each with ${of('inFlight')} publishes that wait for their ` +
        `acknowledgement, ${of('contentBytes')}-byte messages`,
      groups: (document) =>
        bySize(
          document,
          'channels',
          (count) => (count === 1 ? 'one channel' : `${grouped(count)} channels`),
          figures.acknowledged,
        ),
    },
  ],
  [
    'http-publish',
    {
      title: 'Publishing over HTTP',
      conditions: (of) =>
        `${of('clients')} keep-alive connections, each one request at a time, ${of('dataBytes')}-byte messages`,
      groups: (document) =>
        bySize(
          document,
          'batch',
          (batch) => (batch === 1 ? 'POST /api/publish' : `POST /api/batch, ${grouped(batch)} messages`),
          figures.requests,
        ),
    },
  ],
  [
    'durable',
    {
      title: 'What keeping messages on disk costs',
      conditions: (of) =>
        `fan-out: ${of('subscribers')} subscribers, ${of('window')} in flight; ingest: ${of('publishers')} ` +
        `publishers with ${of('inFlight')} unacknowledged each; ${of('contentBytes')}-byte messages`,
      groups: (document) => {
        const reference = { name: fanwireMemory.name, of: () => fanwireMemory.name };
        const of = (part: string) => rowsOf(document.fields(part), 'subject');
        return [
          groupOf('fan-out', figures.fanoutRate, of('fanout'), reference),
          groupOf('ingest', figures.acknowledged, of('ingest'), reference),
        ];
      },
      parts: ['fanout', 'ingest'],
    },
  ],
  [
    'growth',
    {
      title: 'Cost of a delivery as channels and subscribers grow',
      conditions: (of) =>
        `${of('window')} messages in flight; channels published to: ${of('spread')}, with ` +
        `${of('withSubscribers')} subscribers each while channels grow; ${of('contentBytes')}-byte messages`,
      groups: (document) =>
        ['channels', 'subscribers'].map((series) => {
          const rows = rowsOf(document.fields(series), 'subject');
          return groupOf(`as ${series} grow`, figures.growthCost, rows, toFirst(rows));
        }),
      parts: ['channels', 'subscribers'],
    },
  ],
  [
    'accept',
    {
      title: 'Accepting WebSocket connections',
      conditions: (of) => `${of('underWay')} connections being opened at a time, each reset once greeted`,
      groups: (document) => [groupOf('', figures.accepted, rowsOf(document, 'subject'))],
    },
  ],
  [
    'recover',
    {
      title: 'Everybody comes back at once',
      conditions: (of) =>
        `${of('clients')} clients, cut at once, ${of('missed')} messages of ${of('contentBytes')} bytes missed by each`,
      groups: (document) => [groupOf('', figures.untilAll, rowsOf(document, 'subject'))],
    },
  ],
  [
    'idle',
    {
      title: 'Memory of an idle connection',
      conditions: (of, options) =>
        `${of('connections')} connections${options.value('subscribe') === true ? ', each subscribed to one channel' : ''}; ` +
        'heap and external memory after garbage collection',
      groups: (document) => [groupOf('', figures.bytesPerConnection, rowsOf(document, 'target'))],
    },
  ],
  [
    'slow',
    {
      title: 'Readers that freeze: what the others notice',
      conditions: (of) =>
        `${of('subscribers')} subscribers, ${of('messagesPerSecond')} messages/s of ${of('contentBytes')} bytes`,
      groups: (document) => {
        const rows = rowsOf(document, 'subject');
        const reference = { name: 'none frozen', of: (name: string) => `${targetOf(name)}, none frozen` };
        return [figures.p99, figures.peakMemory].map((figure) => groupOf('', figure, rows, reference));
      },
    },
  ],
]);

function inFlight(window: number): string {
  return window === 1 ? 'one message in flight' : `${grouped(window)} in flight`;
}

/** A group for each size, in the order in which they first come. */
function bySize(
  document: Fields,
  size: string,
  headingOf: (size: number) => string,
  figure: Figure,
): Group[] {
  const sized = rowsOf(document, 'target').map((row) => ({ ...row, size: row.run.number(size) }));
  const sizes = [...new Set(sized.map((row) => row.size))];
  return sizes.map((size) => {
    const rows = sized.filter((row) => row.size === size);
    return groupOf(headingOf(size), figure, rows);
  });
}

/** Subjects are named `fanwire, 32 in flight, event streams`: a group for each number in flight. */
function eventStreams(document: Fields): Group[] {
  const rows = rowsOf(document, 'subject').map(({ name, result }) => {
    const [target, heading, ...transport] = name.split(', ');
    return { heading: heading ?? '', name: [target, ...transport].join(', '), result };
  });
  const reference = { name: 'WebSockets', of: (name: string) => `${targetOf(name)}, WebSockets` };
  return [...new Set(rows.map(({ heading }) => heading))].map((heading) => {
    const ofHeading = rows.filter((row) => row.heading === heading);
    return groupOf(heading, figures.fanoutRate, ofHeading, reference);
  });
}

/** Each size is compared to the first of its target. */
function toFirst(rows: readonly Row[]): Reference {
  const first = (name: string) => rows.find((row) => targetOf(row.name) === targetOf(name))?.name ?? null;
  return { name: 'first size', of: first };
}

function targetOf(subject: string): string {
  return subject.split(', ')[0] ?? subject;
}
