import { WebSocket } from 'ws';
import type { Connection } from '../connection.ts';
import type { Ending } from '../meter.ts';
import type { MessageDeadline } from './message-deadline.ts';

/** A `ws` socket that knows its connection, so that listeners are shared by all of them. */
export class Peer extends WebSocket {
  connection: Connection | null = null;
  deadline: MessageDeadline | null = null;
  /** Set when the parser closed it, because of what the client sent. */
  ending: Ending | null = null;
}
