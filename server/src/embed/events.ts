import { captureRejectionSymbol, EventEmitter } from 'node:events';
import type { Draft, Receipt, Sender } from '../engine/engine.ts';
import type { HubObserver } from '../hub/hub.ts';
import type { Recipient } from '../hub/recipient.ts';
import type { Connection } from '../transport/connection.ts';
import type { Ending } from '../transport/meter.ts';
import type { ConnectionObserver } from '../transport/node.ts';

/** A connection as events tell of it. */
export interface ConnectionInfo {
  readonly id: string;
  /** The verified user, or the name that a chat client goes by; null when nobody said. */
  readonly user: string | null;
  readonly dialect: 'relay' | 'room' | 'channel' | 'chat' | 'events';
  readonly transport: 'websocket' | 'sse';
  readonly remoteAddress: string;
  /** Unix milliseconds. */
  readonly connectedAt: number;
}

/** A message that was published through this node and is committed. */
export interface PublishedMessage {
  readonly channel: string;
  readonly id: string;
  readonly offset: number;
  readonly epoch: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly type: string;
  readonly data: unknown;
  readonly persist: boolean;
  /** Null when no connection sent it. */
  readonly sender: Sender | null;
}

/** What a Fanwire server tells the program that it is embedded in. All of it is about this node. */
export interface FanwireEvents {
  /** Let in. */
  connect: [connection: ConnectionInfo];
  /** Gone, with the close code that it was given or gave. */
  disconnect: [connection: ConnectionInfo, ending: Ending];
  /** Live on a channel; `$…` channels are left out. */
  subscribe: [connection: ConnectionInfo, channel: string];
  unsubscribe: [connection: ConnectionInfo, channel: string];
  /** Committed and delivered on this node. Retries that were recognised are left out. */
  message: [message: PublishedMessage];
}

/** From what happens in the hub and the transports to events; what a listener throws is reported. */
export class Events extends EventEmitter<FanwireEvents> implements HubObserver, ConnectionObserver {
  readonly #report: (thrown: unknown) => void;

  constructor(report: (thrown: unknown) => void) {
    super({ captureRejections: true });
    this.#report = report;
  }

  /** What an async listener rejects with. */
  override [captureRejectionSymbol](thrown: unknown): void {
    this.#report(thrown);
  }

  connected(connection: Connection): void {
    // Asked for now in any case: a closed socket has no address any more.
    const info = infoOf(connection);
    this.#tell('connect', () => this.emit('connect', info));
  }

  disconnected(connection: Connection, ending: Ending): void {
    this.#tell('disconnect', () => this.emit('disconnect', infoOf(connection), ending));
  }

  subscribed(recipient: Recipient, channel: string): void {
    this.#tell('subscribe', () => this.emit('subscribe', infoOf(recipient as Connection), channel));
  }

  unsubscribed(recipient: Recipient, channel: string): void {
    this.#tell('unsubscribe', () => this.emit('unsubscribe', infoOf(recipient as Connection), channel));
  }

  committed(drafts: readonly Draft[], receipts: readonly Receipt[]): void {
    if (this.listenerCount('message') === 0) return;
    for (const [index, receipt] of receipts.entries()) {
      const draft = drafts[index];
      if (!draft || receipt.duplicate || isControl(draft)) continue;
      this.#tell('message', () => this.emit('message', messageOf(draft, receipt)));
    }
  }

  #tell(event: keyof FanwireEvents, emit: () => void): void {
    if (this.listenerCount(event) === 0) return;
    try {
      emit();
    } catch (thrown) {
      this.#report(thrown);
    }
  }
}

function isControl({ channel }: Draft): boolean {
  return channel === '$control';
}

function infoOf({ id, user, dialect, transport, remoteAddress, connectedAt }: Connection): ConnectionInfo {
  return { id, user, dialect, transport, remoteAddress, connectedAt };
}

function messageOf({ type, data, persist, sender }: Draft, receipt: Receipt): PublishedMessage {
  const { id, channel, offset, epoch, time } = receipt;
  return { channel, id, offset, epoch, time, type, data: JSON.parse(data), persist, sender };
}
