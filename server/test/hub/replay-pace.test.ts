import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hub } from '../../src/hub/hub.ts';
import { openMemoryHub } from '../support/memory-hub.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';

const count = 500;

/** What is written to it is taken a turn of the event loop later. */
class SlowRecipient extends PlainRecipient {
  /** Pushes that came while something had not been taken. */
  untimely = 0;
  #taken: Promise<void> | null = null;

  override push(bytes: Buffer): void {
    if (this.#taken) this.untimely++;
    super.push(bytes);
  }

  override flush(): void {
    super.flush();
    this.#taken ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#taken = null;
        resolve();
      });
    });
  }

  override drained(): Promise<void> | null {
    return this.#taken;
  }
}

/** A hub with so many messages in each of these channels. */
async function openHub(channels: readonly string[]): Promise<Hub> {
  const hub = await openMemoryHub(count);
  for (const channel of channels) {
    const draft = { channel, type: 'text', data: '1', sender: null, persist: true };
    await Promise.all(Array.from({ length: count }, () => hub.published(draft)));
  }
  return hub;
}

describe('replays to one recipient', () => {
  it('go at its pace however many there are: nothing is pushed before it took what was written', async () => {
    const channels = ['a', 'b', 'c'];
    const hub = await openHub(channels);
    const recipient = new SlowRecipient('r1');
    hub.connections.add(recipient);
    const { epoch } = await hub.history('a', { limit: 1 });
    const position = { epoch, offset: 0 };
    await Promise.all(channels.map((channel) => hub.subscribe(recipient, channel, { position })));
    const all = Array.from({ length: count }, (_, index) => index + 1);
    for (const channel of channels) assert.deepEqual(recipient.offsets(channel), all);
    assert.equal(recipient.untimely, 0);
    assert.ok(recipient.flushes >= channels.length * 2);
    await hub.close();
  });
});
