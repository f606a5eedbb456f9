import type { Callers } from '../access/callers.ts';
import type { Clock } from '../clock.ts';
import type { UnknownErrorReporter } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Actions } from '../middleware/actions.ts';
import type { Capacity } from './capacity.ts';
import type { Connection } from './connection.ts';
import type { Ending, TransportMeter } from './meter.ts';
import type { BacklogLimits } from './outbox.ts';
import type { Wheel } from './wheel.ts';

/** The little of a logger that transports use. Never given a credential. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  /** Whether lines of this level are written, so that others need not be made. @default all are */
  isLevelEnabled?(level: string): boolean;
}

/** Hears of connections coming and going. */
export interface ConnectionObserver {
  connected(connection: Connection): void;
  disconnected(connection: Connection, ending: Ending): void;
}

/** What all connections of a server process share. */
export interface Node {
  readonly hub: Hub;
  readonly wheel: Wheel;
  readonly capacity: Capacity;
  readonly callers: Callers;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether connections that come and go are lines of the level info. @default of the level debug */
  readonly logConnections?: boolean;
  readonly report: UnknownErrorReporter;
  /** @default one that counts nothing */
  readonly meter?: TransportMeter;
  /** Actions that the application added. @default none */
  readonly actions?: Actions;
  /** @default one that hears nothing */
  readonly observer?: ConnectionObserver;
  readonly limits: BacklogLimits;
}
