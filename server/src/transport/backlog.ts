/** What waits in one outbox, in sums. */
export interface Waiting {
  readonly queuedMessages: number;
  readonly queuedBytes: number;
}

/** What waits for the connections whose last write the kernel has not taken yet. Others have nothing that waits. */
export class Backlog {
  readonly #blocked = new Set<Waiting>();

  add(outbox: Waiting): void {
    this.#blocked.add(outbox);
  }

  remove(outbox: Waiting): void {
    this.#blocked.delete(outbox);
  }

  /** Looks at the blocked connections only. */
  get sums(): { connections: number; messages: number; bytes: number } {
    let messages = 0;
    let bytes = 0;
    for (const { queuedMessages, queuedBytes } of this.#blocked) {
      messages += queuedMessages;
      bytes += queuedBytes;
    }
    return { connections: this.#blocked.size, messages, bytes };
  }
}
