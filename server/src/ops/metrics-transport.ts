import type { Counter, Gauge } from 'prom-client';
import { closeCodes, type HttpErrorName, parserCloseCodes } from '../codes.ts';
import type { DialectName } from '../dialect/dialect.ts';
import type { TransportName } from '../transport/capacity.ts';
import type { Ending, TransportMeter } from '../transport/meter.ts';
import type { Maker } from './metrics-kit.ts';

/** Codes that a client's end may count as: what browsers, libraries and broken links give. Others are `other`. */
const clientCodes: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006]);
/** 1008 is the parser's as well: too many fragments. */
const serverCodes: ReadonlySet<number> = new Set([
  ...Object.values(closeCodes).map(({ code }) => code),
  ...Object.keys(parserCloseCodes).map(Number),
  1008,
]);

/** By dialect; of `events` there are no frames, because its clients speak by HTTP. */
type ByDialect = Record<Exclude<DialectName, 'events'>, number>;

/** Connections, frames and errors. */
export class TransportMetrics implements TransportMeter {
  /** By code: who was not let in. */
  readonly refusals = new Map<HttpErrorName, number>();
  /** Bytes for one client alone. */
  replies = 0;
  /** Errors of every way in: HTTP counts here as well. */
  readonly errors: Counter<'dialect' | 'code'>;
  readonly #frames: ByDialect = { channel: 0, relay: 0, room: 0, chat: 0 };
  readonly #bytes: ByDialect = { channel: 0, relay: 0, room: 0, chat: 0 };
  readonly #open: Gauge<'dialect' | 'transport'>;
  readonly #opened: Counter<'dialect' | 'transport'>;
  readonly #closed: Counter<'dialect' | 'code' | 'by'>;
  readonly #refused: Counter<'transport' | 'code'>;

  constructor(make: Maker) {
    this.#open = make.level('fanwire_connections', 'Open connections.', 'dialect', 'transport');
    this.#opened = make.counter(
      'fanwire_connections_opened_total',
      'Connections that were let in.',
      'dialect',
      'transport',
    );
    this.#closed = make.counter(
      'fanwire_connections_closed_total',
      'Connections that ended.',
      'dialect',
      'code',
      'by',
    );
    this.#refused = make.counter(
      'fanwire_connections_refused_total',
      'Clients that were not let in: answered before the upgrade or the stream.',
      'transport',
      'code',
    );
    this.errors = make.counter(
      'fanwire_errors_sent_total',
      'Errors that clients were told, in a frame or an answer.',
      'dialect',
      'code',
    );
    make.sums(
      'fanwire_messages_received_total',
      'Frames from clients, of whatever kind.',
      'dialect',
      () => this.#frames,
    );
    make.sums(
      'fanwire_received_bytes_total',
      'Bytes of frames from clients, without the framing.',
      'dialect',
      () => this.#bytes,
    );
    const all: [DialectName, TransportName][] = [
      ['channel', 'websocket'],
      ['relay', 'websocket'],
      ['room', 'websocket'],
      ['chat', 'websocket'],
      ['events', 'sse'],
    ];
    for (const [dialect, transport] of all) {
      this.#open.set({ dialect, transport }, 0);
      this.#opened.inc({ dialect, transport }, 0);
    }
  }

  opened(dialect: DialectName, transport: TransportName): void {
    this.#open.inc({ dialect, transport });
    this.#opened.inc({ dialect, transport });
  }

  closed(dialect: DialectName, transport: TransportName, { code, by }: Ending): void {
    this.#open.dec({ dialect, transport });
    const known = (by === 'server' ? serverCodes : clientCodes).has(code);
    this.#closed.inc({ dialect, code: known ? code : 'other', by });
  }

  received(dialect: DialectName, bytes: number): void {
    if (dialect === 'events') return;
    this.#frames[dialect]++;
    this.#bytes[dialect] += bytes;
  }

  replied(bytes: number): void {
    this.replies += bytes;
  }

  failed(dialect: DialectName, code: HttpErrorName): void {
    this.errors.inc({ dialect, code });
  }

  refused(transport: TransportName, code: HttpErrorName): void {
    this.#refused.inc({ transport, code });
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }
}
