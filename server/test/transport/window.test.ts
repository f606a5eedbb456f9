import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answerTime, probeStep, Window, windowWidth } from '../../src/transport/window.ts';

/** Long enough for the next probe, whatever the last one was answered with. */
const later = 10_000;

/** A window to a peer that has read all there is, and said so; written up to `probeStep`. */
function openWindow(): Window {
  const window = new Window(probeStep, true);
  const place = window.probe(0);
  assert.equal(place, probeStep);
  window.answered(probeStep, later);
  return window;
}

describe('the window of a connection', () => {
  it('is full for a peer that has never answered like for any other', () => {
    const window = new Window(probeStep, true);
    assert.equal(window.probe(0), probeStep);
    window.wrote(windowWidth - 1);
    assert.equal(window.full, false);
    window.wrote(1);
    assert.equal(window.full, true);
    window.answered(probeStep, later);
    assert.equal(window.full, false);
  });

  it('leaves a peer time to answer, from when it was asked or has last read on', () => {
    const window = openWindow();
    window.wrote(probeStep);
    assert.equal(window.probe(later), 2 * probeStep);
    window.wrote(windowWidth);
    assert.equal(window.probe(later + answerTime / 2), 2 * probeStep + windowWidth);
    assert.deepEqual([window.full, window.isOverdue(later + answerTime - 1)], [true, false]);
    assert.equal(window.isOverdue(later + answerTime), true);
    window.answered(2 * probeStep, later + answerTime);
    assert.equal(window.isOverdue(later + answerTime), false);
    assert.equal(window.isOverdue(later + 2 * answerTime), true);
  });

  it('where pongs are not required, is never full for a peer that has answered no probe', () => {
    const window = new Window(probeStep, false);
    assert.equal(window.probe(0), probeStep);
    for (let n = 0; n < 100; n++) window.wrote(windowWidth);
    assert.equal(window.full, false);
  });

  it('is full once so much follows a probe without an answer, and open again with it', () => {
    const window = openWindow();
    window.wrote(probeStep);
    const place = window.probe(later);
    assert.equal(place, 2 * probeStep);
    window.wrote(windowWidth - 1);
    assert.equal(window.full, false);
    window.wrote(1);
    assert.equal(window.full, true);
    window.answered(2 * probeStep, later);
    assert.equal(window.full, false);
  });

  it('is due for a probe after so much, and has rest from a peer that answers', () => {
    const window = openWindow();
    window.wrote(probeStep - 1);
    assert.equal(window.due, false);
    window.wrote(1);
    assert.equal(window.due, true);
    assert.equal(window.probe(999), null);
    assert.equal(window.probe(2_000), 2 * probeStep);
    assert.equal(window.due, false);
  });

  it('asks again and again while there is no answer, so that a slow peer is seen to go on', () => {
    const window = openWindow();
    window.wrote(probeStep);
    assert.equal(window.probe(later), 2 * probeStep);
    window.wrote(probeStep);
    assert.equal(window.probe(later), 3 * probeStep);
  });

  it('believes no answer that nobody asked for', () => {
    const window = openWindow();
    window.wrote(probeStep);
    window.probe(later);
    window.wrote(windowWidth);
    for (const place of [0, -1, probeStep, 3 * probeStep, Number.MAX_SAFE_INTEGER])
      window.answered(place, later);
    assert.equal(window.full, true);
  });

  it('believes no answer to a probe that has not been sent', () => {
    const window = openWindow();
    window.answered(2 * probeStep, later);
    window.wrote(probeStep);
    assert.equal(window.probe(later), 2 * probeStep);
    window.wrote(windowWidth);
    assert.equal(window.full, true);
  });

  /** Writes as an outbox does, and a peer that reads as much as it likes and answers the probes that it meets. */
  it('is open to whoever has read everything, and bounds what is written to who reads nothing', () => {
    const size = fc.integer({ min: 1, max: 3 * probeStep });
    const turn = fc.record({
      writes: fc.array(size, { maxLength: 8 }),
      ms: fc.integer({ min: 0, max: 3_000 }),
      reads: fc.nat(20 * probeStep),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
        const window = openWindow();
        let [written, read, now] = [probeStep, probeStep, later];
        let probes: number[] = [];
        const write = (bytes: number): void => {
          written += bytes;
          window.wrote(bytes);
          const place = window.due ? window.probe(now) : null;
          if (place !== null) probes.push(place);
        };
        const readTo = (place: number): void => {
          read = Math.min(place, written);
          for (const probe of probes.filter((at) => at <= read)) window.answered(probe, later);
          probes = probes.filter((at) => at > read);
        };
        for (const { writes, ms, reads } of turns) {
          for (const bytes of writes) if (!window.full) write(bytes);
          now += ms;
          readTo(read + reads);
        }
        readTo(written);
        assert.equal(window.full, false);
        now += later;
        const stood = written;
        for (let n = 0; n < 100 && !window.full; n++) write(probeStep);
        assert.ok(written - stood <= windowWidth + 2 * probeStep, `${written - stood} bytes for nobody`);
        readTo(written);
        assert.equal(window.full, false);
      }),
    );
  });
});
