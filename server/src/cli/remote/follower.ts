import { setTimeout as wait } from 'node:timers/promises';
import { field, isObject, type JsonObject } from '../../json.ts';
import { Failure } from '../exit.ts';
import { textIn } from './api.ts';
import { Backoff } from './backoff.ts';
import { type Gap, type Progress, positionText } from './progress.ts';
import type { Target } from './target.ts';
import { type Ending, Uplink } from './uplink.ts';
import { judge } from './verdict.ts';

/** What a follower tells. */
export interface FollowEvents {
  /** The frame as it came. */
  message(text: string): void;
  gap(channel: string, gap: Gap): void;
  note(text: string): void;
}

/** The server cannot subscribe us at the moment. */
class Postponed extends Error {}

/**
 * Follows channels for as long as it is let: over one connection after the other, each going on where the last one
 * broke. `run` rejects with a Failure when the server does not want us.
 */
export class Follower {
  readonly #target: Target;
  readonly #channels: ReadonlyMap<string, Progress>;
  readonly #events: FollowEvents;
  readonly #backoff = new Backoff();
  /** Whether every channel has been subscribed to at once: from then on, a server that is away is waited for. */
  #followed = false;
  /** The channels that the server has not answered for, by the `request_id`. */
  readonly #waiting = new Map<string, string>();

  constructor(target: Target, channels: readonly Progress[], events: FollowEvents) {
    this.#target = target;
    this.#channels = new Map(channels.map((progress) => [progress.channel, progress]));
    this.#events = events;
  }

  /** Resolves after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { retry, least } = await this.#connect(signal);
      if (signal.aborted) return;
      const delay = this.#backoff.next(least);
      this.#events.note(`${retry}; connecting again in ${(delay / 1000).toFixed(1)} s`);
      await wait(delay, undefined, { signal }).catch(() => {});
    }
  }

  async #connect(signal: AbortSignal): Promise<{ readonly retry: string; readonly least: number }> {
    const uplink: Uplink = new Uplink(this.#target, { frame: (text) => this.#frame(uplink, text) });
    const stop = (): void => uplink.close();
    signal.addEventListener('abort', stop);
    let ending: Ending;
    try {
      ending = await uplink.ended;
    } catch (thrown) {
      if (thrown instanceof Postponed) return { retry: thrown.message, least: 0 };
      throw thrown;
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (signal.aborted) return { retry: '', least: 0 };
    const verdict = judge(this.#target, ending, this.#followed);
    if ('fail' in verdict) throw verdict.fail;
    return verdict;
  }

  /** A message has an offset; a publisher may choose any type, so that tells nothing. */
  #frame(uplink: Uplink, text: string): void {
    const frame = parseFrame(text);
    if (!frame) return;
    const progress = this.#channels.get(textIn(frame, 'channel'));
    if (typeof field(frame, 'offset') === 'number') {
      if (!progress) return;
      this.#events.message(text);
      progress.message(frame);
      return;
    }
    const content = field(frame, 'content');
    this.#control(uplink, textIn(frame, 'type'), isObject(content) ? content : {}, frame, progress);
  }

  #control(uplink: Uplink, type: string, content: JsonObject, frame: JsonObject, progress?: Progress): void {
    if (type === 'connected') this.#greeted(uplink, content);
    else if (type === 'error') this.#refused(frame, content);
    else if (!progress) return;
    else if (type === 'subscribed') this.#subscribed(progress, content, textIn(frame, 'request_id'));
    else if (type === 'live') progress.live(content);
    else if (type === 'gap') this.#gap(progress, progress.gap(content));
    else if (type === 'unsubscribed') {
      throw new Failure(
        `the server ended the subscription to "${progress.channel}": ${textIn(content, 'reason')}.`,
      );
    }
  }

  /** Two missed heartbeats and a while, and the server is gone. */
  #greeted(uplink: Uplink, content: JsonObject): void {
    const interval = field(content, 'heartbeat_interval');
    if (typeof interval === 'number') uplink.expectLife(2000 * interval + 5000);
    this.#waiting.clear();
    for (const progress of this.#channels.values()) {
      const id = String(this.#waiting.size);
      this.#waiting.set(id, progress.channel);
      uplink.send({ action: 'subscribe', data: progress.request(), request_id: id });
    }
  }

  #subscribed(progress: Progress, content: JsonObject, id: string): void {
    this.#gap(progress, progress.subscribed(content));
    this.#waiting.delete(id);
    const at = { epoch: textIn(content, 'epoch'), offset: Number(field(content, 'offset')) };
    this.#events.note(`subscribed to ${progress.channel} at ${positionText(at)}`);
    if (this.#waiting.size > 0) return;
    this.#followed = true;
    this.#backoff.reset();
  }

  #gap({ channel }: Progress, gap: Gap | null): void {
    if (gap) this.#events.gap(channel, gap);
  }

  #refused(frame: JsonObject, content: JsonObject): void {
    const channel = this.#waiting.get(textIn(frame, 'request_id'));
    const text = `${textIn(content, 'error')} (${textIn(content, 'type')})`;
    if (channel === undefined) {
      this.#events.note(text);
      return;
    }
    if (this.#followed && field(content, 'retryable') === true) throw new Postponed(`"${channel}": ${text}`);
    throw new Failure(`cannot subscribe to "${channel}": ${text}`);
  }
}

function parseFrame(text: string): JsonObject | null {
  try {
    const frame: unknown = JSON.parse(text);
    return isObject(frame) ? frame : null;
  } catch {
    return null;
  }
}
