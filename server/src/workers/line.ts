import type { MessagePort } from 'node:worker_threads';
import type { HttpErrorName } from '../codes.ts';
import { FanwireError, StartError } from '../errors.ts';

type ArgumentsOf<Method> = Method extends (...given: infer Arguments) => unknown ? Arguments : never;
type ResultOf<Method> = Method extends (...given: never[]) => infer Result ? Awaited<Result> : never;

/** A call that is answered has a number; 0 is one that is not. */
interface Call {
  readonly call: number;
  readonly method: string;
  readonly given: readonly unknown[];
}

type Packet =
  | Call
  | { readonly reply: number; readonly value: unknown }
  | { readonly reply: number; readonly thrown: Thrown };

/** What was thrown, in a form that passes between threads. */
type Thrown =
  | {
      readonly kind: 'told';
      readonly code: HttpErrorName;
      readonly message: string;
      readonly status: number;
      readonly details: unknown;
    }
  | { readonly kind: 'start'; readonly message: string }
  | { readonly kind: 'fault'; readonly message: string; readonly stack: string | undefined };

type Served = Readonly<Record<string, (this: unknown, ...given: unknown[]) => unknown>>;

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

/**
 * Calls between two threads, in the order in which they were made; so are the answers of what answers at once. What is
 * passed has to survive the structured clone. `Theirs` is what the other end serves.
 */
export class Line<Theirs> {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #report: (thrown: unknown) => void;
  #served: readonly object[] = [];
  #calls = 0;
  #closed = false;

  /** `report` hears of what fails in calls that nobody waits for. */
  constructor(port: MessagePort, report: (thrown: unknown) => void) {
    this.#port = port;
    this.#report = report;
    port.on('message', (packet: Packet) => this.#receive(packet));
    port.on('close', () => this.#ended());
  }

  /** Whose methods the other end may call; until then it may not. */
  serve(...served: readonly object[]): void {
    this.#served = served;
  }

  /** Rejects with what the method threw, or with `unavailable` when the other end is gone. */
  call<Name extends keyof Theirs & string>(
    method: Name,
    ...given: ArgumentsOf<Theirs[Name]>
  ): Promise<ResultOf<Theirs[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new LineEnded();
      const call = ++this.#calls;
      this.#port.postMessage({ call, method, given } satisfies Packet);
      this.#waiting.set(call, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  /** Waits for no answer, and never throws. */
  cast<Name extends keyof Theirs & string>(method: Name, ...given: ArgumentsOf<Theirs[Name]>): void {
    if (this.#closed) return;
    try {
      this.#port.postMessage({ call: 0, method, given } satisfies Packet);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  close(): void {
    this.#port.close();
    this.#ended();
  }

  #receive(packet: Packet): void {
    if (this.#closed) return;
    if ('call' in packet) {
      this.#handle(packet);
      return;
    }
    const waiting = this.#waiting.get(packet.reply);
    this.#waiting.delete(packet.reply);
    if ('thrown' in packet) waiting?.reject(errorOf(packet.thrown));
    else waiting?.resolve(packet.value);
  }

  #handle({ call, method, given }: Call): void {
    try {
      const result = this.#invoke(method, given);
      if (result instanceof Promise) {
        result.then((value) => this.#reply(call, value)).catch((thrown) => this.#fail(call, thrown));
      } else this.#reply(call, result);
    } catch (thrown) {
      this.#fail(call, thrown);
    }
  }

  #invoke(method: string, given: readonly unknown[]): unknown {
    const served = this.#served.find((one) => method in one) as Served | undefined;
    const found = served?.[method];
    if (!found) throw new Error(`nothing serves "${method}" on this line`);
    return found.apply(served, [...given]);
  }

  #reply(call: number, value: unknown): void {
    if (call > 0 && !this.#closed) this.#port.postMessage({ reply: call, value } satisfies Packet);
  }

  #fail(call: number, thrown: unknown): void {
    if (call === 0) this.#report(thrown);
    else if (!this.#closed)
      this.#port.postMessage({ reply: call, thrown: thrownOf(thrown) } satisfies Packet);
  }

  #ended(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.values()) waiting.reject(new LineEnded());
    this.#waiting.clear();
  }
}

/** The other end is gone, and whatever it was asked with it. */
export class LineEnded extends FanwireError {
  constructor() {
    super('unavailable', 'a part of the server has ended; try again in a moment');
  }
}

function thrownOf(thrown: unknown): Thrown {
  if (thrown instanceof FanwireError) {
    const { code, message, status, details } = thrown;
    return { kind: 'told', code, message, status, details };
  }
  if (thrown instanceof StartError) return { kind: 'start', message: thrown.message };
  if (thrown instanceof Error) return { kind: 'fault', message: thrown.message, stack: thrown.stack };
  return { kind: 'fault', message: String(thrown), stack: undefined };
}

function errorOf(thrown: Thrown): Error {
  if (thrown.kind === 'told') {
    const { code, message, status, details } = thrown;
    return new FanwireError(code, message, { status, details });
  }
  if (thrown.kind === 'start') return new StartError(thrown.message);
  return Object.assign(new Error(thrown.message), thrown.stack === undefined ? {} : { stack: thrown.stack });
}
