import { checkChannelName } from '../../access/names.ts';
import type { Position } from '../../engine/engine.ts';
import { credentialParameters, Parameters } from '../../parameters.ts';
import { badParameter } from '../address.ts';
import type { Entrance, Link, Requirements, Services } from '../dialect.ts';
import { decodeCursor, maxNameBytes, nameBytes } from './cursor.ts';
import { type Framing, SharedCursors } from './encoders.ts';
import { type EventsOptions, EventsSession, type Start } from './session.ts';

/** As PHP and others write a list, and who means one channel. */
const channelSpellings = ['channels', 'channel', 'channels[]'] as const;
/** As the header is called, and as libraries for old browsers write it (event-source-polyfill: `lastEventId`). */
const cursorSpellings = ['last_event_id', 'lastEventId', 'lastEventID', 'Last-Event-ID'] as const;

const parameters = new Parameters(
  ['channels', 'last_event_id', 'ticket', ...credentialParameters],
  [...channelSpellings, ...cursorSpellings],
);

/** `GET /sse/connect`: Server-Sent Events (PROTOCOLS.md, section 5). */
export class EventsDialect {
  readonly name = 'events';
  readonly requirements: Requirements;
  readonly #services: Services;
  readonly #options: EventsOptions;
  readonly #cursors: SharedCursors;

  constructor(services: Services, options: EventsOptions & { readonly authRequired: boolean }) {
    this.#services = services;
    this.#options = options;
    this.#cursors = new SharedCursors((channel) => services.hub.local(channel));
    this.requirements = { auth: options.authRequired, user: false, origin: false };
  }

  /** `lastEventId` as the header says; `?last_event_id=` where it is absent. Throws `bad_request` with status 400. */
  start(url: URL, lastEventId: string | undefined): Start {
    parameters.check(url.searchParams.keys());
    const named = valuesOf(url, channelSpellings).flatMap((list) =>
      list.split(',').filter((name) => name !== ''),
    );
    const channels = [...new Set(named)].map((name) => checkParameter(name));
    // Of several the last one: a library that comes back puts its own behind the address that it was given.
    const cursor = lastEventId ?? valuesOf(url, cursorSpellings).at(-1) ?? '';
    const resumed = cursor === '' ? new Map<string, Position>() : decodeCursor(cursor);
    const added = [...(resumed?.keys() ?? [])].filter(
      (name) => !name.startsWith('$') && !channels.includes(name),
    );
    const all = [...channels, ...added.map((name) => checkParameter(name))];
    if (all.length > this.#services.maxChannels || nameBytes(all) > maxNameBytes) {
      throw badParameter(
        `channels: at most ${this.#services.maxChannels} names and ${maxNameBytes} percent-encoded characters together`,
      );
    }
    return { channels, added, resumed: resumed ?? new Map(), lost: resumed === null };
  }

  /**
   * Permission for the channels of the address is settled before the stream. A channel that only the cursor names is
   * left out, and said to be, when it is no longer allowed: refusing the whole stream would end it for good, since
   * an EventSource never tries again after a status other than 200.
   */
  entrance({ channels }: Start): Entrance {
    return { channels, room: null, clientId: null, name: null, watch: false, echo: true };
  }

  open(link: Link, start: Start, frame: Framing): EventsSession {
    const encoding = { frame, cursors: this.#cursors };
    return new EventsSession(link, this.#services, this.#options, encoding, start);
  }
}

/** What is there under any of the names, in the order of the address. */
function valuesOf(url: URL, names: readonly string[]): string[] {
  return [...url.searchParams]
    .filter(([name, value]) => value !== '' && names.includes(name))
    .map(([, value]) => value);
}

function checkParameter(name: string): string {
  try {
    return checkChannelName(name, 'channels');
  } catch (thrown) {
    if (name.startsWith('$')) throw thrown;
    throw badParameter(thrown instanceof Error ? thrown.message : 'channels: a name is not valid');
  }
}
