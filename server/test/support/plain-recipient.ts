import type { Message, PresenceEvent } from '../../src/engine/engine.ts';
import type { Encoder, Recipient, Subscription } from '../../src/hub/recipient.ts';
import type { Gap } from '../../src/hub/recovery.ts';

/** Writes messages as lines of `channel offset`, and counts how often it is called. */
export class LineEncoder implements Encoder {
  calls = 0;

  encode(messages: readonly Message[]): Buffer {
    if (messages.length > 0) this.calls++;
    return Buffer.from(messages.map(({ channel, offset }) => `${channel} ${offset}\n`).join(''));
  }
}

/** A recipient that keeps the bytes it is given. */
export class PlainRecipient implements Recipient {
  readonly id: string;
  readonly user: string | null;
  readonly verifiedUser: string | null;
  readonly echo: boolean;
  readonly transport?: string;
  encoder: Encoder;
  readonly subscriptions = new Map<string, Subscription>();
  readonly events: PresenceEvent[] = [];
  readonly gaps: Gap[] = [];
  serial = 0;
  flushes = 0;
  #text = '';

  constructor(
    id: string,
    options: { user?: string | null; echo?: boolean; encoder?: Encoder; transport?: string } = {},
  ) {
    this.id = id;
    this.user = options.user ?? null;
    this.verifiedUser = this.user;
    this.echo = options.echo ?? true;
    this.encoder = options.encoder ?? new LineEncoder();
    if (options.transport !== undefined) this.transport = options.transport;
  }

  /** Offsets received on a channel, in the order in which they came. */
  offsets(channel: string): number[] {
    const lines = this.#text.split('\n').filter((line) => line.startsWith(`${channel} `));
    return lines.map((line) => Number(line.slice(channel.length + 1)));
  }

  push(bytes: Buffer): void {
    this.#text += bytes.toString();
  }

  hurry(): void {}

  flush(): void {
    this.flushes++;
  }

  drained(): Promise<void> | null {
    return null;
  }

  presence(event: PresenceEvent): void {
    this.events.push(event);
  }

  gap(_channel: string, gap: Gap): void {
    this.gaps.push(gap);
  }
}

/** A message with nothing in it that matters but its place. */
export function plainMessage(channel: string, offset: number, connection: string | null = null): Message {
  return {
    id: `${channel}-${offset}`,
    channel,
    offset,
    epoch: 'e',
    time: offset,
    type: 'text',
    data: '1',
    sender: connection === null ? null : { user: null, connection, client: null },
    persist: false,
  };
}
