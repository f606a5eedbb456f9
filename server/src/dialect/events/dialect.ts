import { checkChannelName } from '../../access/names.ts';
import type { Position } from '../../engine/engine.ts';
import { badParameter } from '../address.ts';
import type { Entrance, Link, Requirements, Services } from '../dialect.ts';
import { decodeCursor } from './cursor.ts';
import { SharedCursors } from './encoders.ts';
import { type EventsOptions, EventsSession, type Start } from './session.ts';

/** All names together have to fit the `Last-Event-ID` header that brings them back. */
const maxNameBytes = 6_000;

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
    const named = (url.searchParams.get('channels') ?? '').split(',').filter((name) => name !== '');
    const cursor = lastEventId ?? url.searchParams.get('last_event_id') ?? '';
    const resumed = cursor === '' ? new Map<string, Position>() : (decodeCursor(cursor) ?? lost(named));
    const known = [...resumed.keys()].filter((name) => !name.startsWith('$'));
    const channels = [...new Set([...named, ...known])].map((name) => checkParameter(name));
    const bytes = channels.reduce((sum, name) => sum + encodeURIComponent(name).length, 0);
    if (channels.length > this.#services.maxChannels || bytes > maxNameBytes) {
      throw badParameter(
        `channels: at most ${this.#services.maxChannels} names and ${maxNameBytes} percent-encoded characters together`,
      );
    }
    return { channels, resumed };
  }

  entrance({ channels }: Start): Entrance {
    return { channels, room: null, clientId: null, name: null, watch: false, echo: true };
  }

  open(link: Link, start: Start): EventsSession {
    return new EventsSession(link, this.#services, this.#options, this.#cursors, start);
  }
}

/** A cursor that is not ours says that the client was somewhere: nobody knows where. */
function lost(channels: readonly string[]): Map<string, Position> {
  return new Map(channels.map((channel) => [channel, { epoch: '', offset: 0 }]));
}

function checkParameter(name: string): string {
  try {
    return checkChannelName(name, 'channels');
  } catch (thrown) {
    if (name.startsWith('$')) throw thrown;
    throw badParameter(thrown instanceof Error ? thrown.message : 'channels: a name is not valid');
  }
}
