const SMALLEST = 8;

/** A queue on a circular array: push and shift in amortised constant time, any item by its index. */
export class Ring<T> {
  /** Its length is a power of two, or 0 while nothing was pushed. */
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `index` counts from the front. The caller keeps it within the length. */
  at(index: number): T {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T;
  }

  /** Puts another item in a place. The caller keeps it within the length. */
  set(index: number, item: T): void {
    this.#slots[(this.#head + index) & (this.#slots.length - 1)] = item;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#resize(Math.max(SMALLEST, this.#length * 2));
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** Takes the first item off. The caller knows that there is one. */
  shift(): T {
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    // A quarter, not a half: else a queue that hovers at a power of two would copy itself at every step.
    const { length } = this.#slots;
    if (this.#length < length / 4 && length > SMALLEST) this.#resize(length / 2);
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#length = 0;
  }

  #resize(capacity: number): void {
    const slots = new Array<T | undefined>(capacity);
    for (let index = 0; index < this.#length; index += 1) slots[index] = this.at(index);
    this.#slots = slots;
    this.#head = 0;
  }
}
