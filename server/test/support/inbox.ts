import assert from 'node:assert/strict';

/** How long a condition may take before the test fails; nothing waits that long when all is well. */
export const patience = 30_000;

/** Everything that arrived, in order, and whoever waits for more. */
export class Inbox<T> {
  readonly all: T[] = [];
  readonly #name: string;
  #read = 0;
  #ended: string | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(name: string) {
    this.#name = name;
  }

  put(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  /** Nothing more will come. */
  end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }

  /** The next unread item that `matches`; those before it count as read. Fails when none comes. */
  async next(matches: (item: T) => boolean = () => true): Promise<T> {
    const from = this.#read;
    await this.until(
      () => this.all.slice(this.#read).some(matches),
      () => `wanted ${matches}`,
    );
    const index = this.all.findIndex((item, place) => place >= from && matches(item));
    this.#read = index + 1;
    const item = this.all[index];
    assert.ok(item !== undefined);
    return item;
  }

  /** Items not read yet, without reading them. */
  get unread(): readonly T[] {
    return this.all.slice(this.#read);
  }

  /** Resolves once the condition holds; fails with what arrived when it does not in time. */
  until(holds: () => boolean, what: () => string = () => `${holds}`): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#waiters.delete(check);
        clearTimeout(timer);
        reject(
          new Error(
            `${this.#name}: ${why}: ${what()}; unread: ${JSON.stringify(this.unread).slice(0, 2000)}`,
          ),
        );
      };
      const check = (): void => {
        if (holds()) {
          this.#waiters.delete(check);
          clearTimeout(timer);
          resolve();
        } else if (this.#ended !== null) fail(`ended (${this.#ended})`);
      };
      const timer = setTimeout(() => fail('nothing came'), patience);
      this.#waiters.add(check);
      check();
    });
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }
}
