import type { Clock } from '../clock.ts';
import { newsInterval } from './presence-news.ts';

/** Something that holds news of who came and went. */
interface Holder {
  /** Tells what it holds. False when it holds nothing from now on. `now` is monotonic. */
  tellNews(now: number): boolean;
}

/** Has the channels that hold news tell them within a second; one timer for all, while there are any. */
export class NewsDesk {
  readonly #clock: Clock;
  readonly #holders = new Set<Holder>();
  #stop: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(holder: Holder): void {
    this.#holders.add(holder);
    this.#stop ??= this.#clock.every(newsInterval, () => this.#turn());
  }

  close(): void {
    this.#stop?.();
    this.#stop = null;
    this.#holders.clear();
  }

  #turn(): void {
    const now = this.#clock.monotonic();
    for (const holder of this.#holders) if (!holder.tellNews(now)) this.#holders.delete(holder);
    if (this.#holders.size === 0) this.close();
  }
}
