import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Flusher } from '../../src/hub/flusher.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';

describe('Flusher', () => {
  it('writes to each recipient at the end of the turn in which it was marked', async () => {
    const flusher = new Flusher();
    const recipients = [new PlainRecipient('a'), new PlainRecipient('b')];
    for (const recipient of recipients) flusher.mark(recipient);
    assert.deepEqual(
      recipients.map(({ flushes }) => flushes),
      [0, 0],
    );
    await setImmediate();
    await setImmediate();
    assert.deepEqual(
      recipients.map(({ flushes }) => flushes),
      [1, 1],
    );
  });

  it('writes at once when it is told to, and not again at the end of the turn', async () => {
    const flusher = new Flusher();
    const recipient = new PlainRecipient('a');
    flusher.mark(recipient);
    flusher.flush();
    assert.equal(recipient.flushes, 1);
    await setImmediate();
    await setImmediate();
    assert.equal(recipient.flushes, 1);
  });

  it('keeps for the next round who is marked while it writes', async () => {
    const flusher = new Flusher();
    const late = new PlainRecipient('late');
    const early = new PlainRecipient('early');
    early.flush = () => flusher.mark(late);
    flusher.mark(early);
    flusher.flush();
    assert.equal(late.flushes, 0);
    await setImmediate();
    await setImmediate();
    assert.equal(late.flushes, 1);
  });
});
