import type { Message } from '../../src/engine/engine.ts';
import type { Encoder, Recipient, Subscription } from '../../src/hub/recipient.ts';

/** Keeps the messages themselves: what a subscriber got, without a dialect between. */
export class FakeRecipient implements Recipient {
  readonly id: string;
  readonly user: string | null;
  readonly verifiedUser: string | null;
  readonly encoder: Encoder;
  readonly echo = true;
  readonly subscriptions = new Map<string, Subscription>();
  readonly received: Message[] = [];
  serial = 0;

  constructor(id: string, user: string | null = null) {
    this.id = id;
    this.user = user;
    this.verifiedUser = user;
    this.encoder = {
      encode: (messages) => {
        this.received.push(...messages);
        return Buffer.alloc(0);
      },
    };
  }

  push(): void {}
  hurry(): void {}

  flush(): void {}
  presence(): void {}
  gap(): void {}
  drained(): null {
    return null;
  }
}
