import { Inbox } from './inbox.ts';

/** Holds back whoever waits at it until a test lets them go, in whatever order the test likes. */
export class WaitingRoom<T> {
  /** Who came, in order. */
  readonly came: Inbox<T>;
  readonly #waiting = new Map<T, () => void>();

  constructor(name: string) {
    this.came = new Inbox(name);
  }

  /** Those who wait now. */
  get waiting(): T[] {
    return [...this.#waiting.keys()];
  }

  /** Resolves once `release` is called for it. */
  wait(who: T): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(who, resolve);
      this.came.put(who);
    });
  }

  /** Resolves once it waits here. */
  async arrival(who: T): Promise<void> {
    await this.came.until(
      () => this.#waiting.has(who),
      () => `wanted ${String(who)} to come`,
    );
  }

  release(who: T): void {
    const go = this.#waiting.get(who);
    if (!go) throw new Error(`${String(who)} does not wait`);
    this.#waiting.delete(who);
    go();
  }
}
