import type { Socket } from 'node:net';

type Callback = () => void;

/** As much of a socket as an outbox knows. What is written is taken at once, or, while `held`, not before `take`. */
export class HeldSocket {
  held = false;
  /** What `write` was given, without the empty ones that only ask for a callback. */
  readonly written: Buffer[] = [];
  writableLength = 0;
  #callbacks: Callback[] = [];

  get socket(): Socket {
    return this as unknown as Socket;
  }

  write(bytes: Buffer, callback?: Callback): boolean {
    if (bytes.length > 0) this.written.push(bytes);
    if (!this.held) callback?.();
    else {
      this.writableLength += bytes.length;
      if (callback) this.#callbacks.push(callback);
    }
    return !this.held;
  }

  /** Takes all that was written, and from now on everything at once. */
  take(): void {
    this.held = false;
    this.writableLength = 0;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  cork(): void {}

  uncork(): void {}
}
