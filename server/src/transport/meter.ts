import type { HttpErrorName } from '../codes.ts';
import type { DialectName } from '../dialect/dialect.ts';
import type { TransportName } from './capacity.ts';

/** Who ended a connection; a link that broke counts as the client's end. */
export type Closer = 'server' | 'client';

/** How a connection ended. */
export interface Ending {
  readonly code: number;
  readonly by: Closer;
  /** Of our own tables; what a client gives as its reason may be anything, and is told to nobody. */
  readonly reason?: string;
}

/** What transports count. The code of an ending may be anything that a client chose. */
export interface TransportMeter {
  opened(dialect: DialectName, transport: TransportName): void;
  closed(dialect: DialectName, transport: TransportName, ending: Ending): void;
  /** One frame from a client; `bytes` without the framing. */
  received(dialect: DialectName, bytes: number): void;
  /** Bytes for one client alone, that are no message of a channel. */
  replied(bytes: number): void;
  /** A client was told that what it asked for failed. */
  failed(dialect: DialectName, code: HttpErrorName): void;
  /** Somebody was not let in. */
  refused(transport: TransportName, code: HttpErrorName): void;
}

export const noTransportMeter: TransportMeter = {
  opened: () => {},
  closed: () => {},
  received: () => {},
  replied: () => {},
  failed: () => {},
  refused: () => {},
};
