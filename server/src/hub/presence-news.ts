import type { PresenceEvent } from '../engine/engine.ts';

/** Events of one channel in a second that are told as they come; of more, only what came of them. */
const mostAtOnce = 100;
/** Milliseconds. */
export const newsInterval = 1_000;

/** What one user did since the last telling: one came and left by turns, so the number says what came of it. */
interface Change {
  /** The last of it. */
  event: PresenceEvent;
  /** The place of each in the sequence of the channel's events. */
  readonly places: number[];
}

/**
 * Who came to and left one channel. Whoever comes and goes before a crowd makes a write to each of them every time; so
 * above 100 events a second they are held for up to a second, and told by their result: somebody who came and went
 * meanwhile is not mentioned.
 */
export class PresenceNews {
  #began = Number.NEGATIVE_INFINITY;
  #count = 0;
  #sequence = 0;
  /** By user, in the order of the last event; null while all is told at once. */
  #held: Map<string, Change> | null = null;

  /** Events so far: who has been told the state of now has no use for the earlier ones. */
  get sequence(): number {
    return this.#sequence;
  }

  /** True when it is to be told at once; else it is held until `turn`. `now` is monotonic. */
  came(event: PresenceEvent, now: number): boolean {
    this.#sequence++;
    if (this.#held === null && now - this.#began >= newsInterval) {
      this.#began = now;
      this.#count = 0;
    }
    this.#count++;
    if (this.#held === null && this.#count <= mostAtOnce) return true;
    this.#hold(event);
    return false;
  }

  /** What is to be told now. Goes on holding while more comes than is told at once. */
  turn(now: number): HeldNews {
    const news = new HeldNews([...(this.#held?.values() ?? [])]);
    this.#held = this.#count > mostAtOnce ? new Map() : null;
    this.#began = now;
    this.#count = 0;
    return news;
  }

  get holds(): boolean {
    return this.#held !== null;
  }

  #hold(event: PresenceEvent): void {
    this.#held ??= new Map();
    const places = this.#held.get(event.user)?.places ?? [];
    places.push(this.#sequence);
    this.#held.delete(event.user);
    this.#held.set(event.user, { event, places });
  }
}

/** The events of one interval, by what came of them. */
export class HeldNews {
  readonly #changes: readonly Change[];
  readonly #first: number;
  #all: readonly PresenceEvent[] | null = null;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
    this.#first = Math.min(...changes.map(({ places }) => places[0] ?? 0));
  }

  /** For who knows what was up to this place of the sequence. The same events for all who know none of it. */
  since(place: number): readonly PresenceEvent[] {
    if (place >= this.#first) return this.#net(place);
    this.#all ??= this.#net(0);
    return this.#all;
  }

  /** Each with the number of users as if nothing else had happened; the last with the number of now. */
  #net(place: number): PresenceEvent[] {
    const events: PresenceEvent[] = [];
    let count = this.#changes.at(-1)?.event.count ?? 0;
    for (const { event, places } of this.#changes.toReversed()) {
      if (countAfter(places, place) % 2 === 0) continue;
      events.push({ ...event, count });
      count += event.joined ? -1 : 1;
    }
    return events.reverse();
  }
}

function countAfter(places: readonly number[], place: number): number {
  if ((places[0] ?? 0) > place) return places.length;
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? 0) > place) high = middle;
    else low = middle + 1;
  }
  return places.length - low;
}
