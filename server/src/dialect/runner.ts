import { type FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';
import { parseObject } from '../json.ts';
import type { Frame, Link, Session } from './dialect.ts';

/** Bad frames in a row after which a connection is closed with 4400. */
const maxBadFrames = 20;
/** Frames held back for a connection that is busy, after which its socket is not read any further. */
const pauseAt = 16;

/** How a transport lets the runner hold back a client that sends faster than its frames can be handled. */
export interface Valve {
  pause(): void;
  resume(): void;
}

/**
 * Handles a session's frames strictly in order. Publishes do not wait for each other's commit; any other frame waits
 * for the connection's own publishes, so that "message, then leave" means what it says.
 */
export class Runner {
  readonly #link: Link;
  readonly #session: Session;
  readonly #valve: Valve;
  readonly #report: UnknownErrorReporter;
  #waiting: string[] | null = null;
  #busy = false;
  #onSettled: (() => void) | null = null;
  #paused = false;
  #badFrames = 0;
  #closed = false;

  constructor(link: Link, session: Session, valve: Valve, report: UnknownErrorReporter) {
    this.#link = link;
    this.#session = session;
    this.#valve = valve;
    this.#report = report;
  }

  /** Opens the session; frames that arrive meanwhile wait. */
  start(): void {
    this.#busy = true;
    this.#session.open().then(this.#next, (thrown) => this.#unopened(thrown));
  }

  receive(text: string): void {
    if (this.#closed) return;
    if (!this.#busy) {
      this.#handle(text);
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(text);
    if (this.#waiting.length < pauseAt || this.#paused) return;
    this.#paused = true;
    this.#valve.pause();
  }

  /** A frame that is not to be handled: answered with the reference that it carries, if it can be read. */
  refuse(text: string, error: FanwireError): void {
    let frame: Frame | null = null;
    try {
      frame = { text, object: parseObject(text) };
    } catch {
      // Not worth a second error.
    }
    this.#session.fail(error, frame);
  }

  /** Forgets what waits; nothing more is handled. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  /** A publish of this connection was committed or failed. */
  settled(): void {
    if (--this.#link.pendingPublishes === 0) this.#onSettled?.();
  }

  #handle(text: string): void {
    let frame: Frame | null = null;
    let command: { readonly kind: string };
    try {
      frame = { text, object: parseObject(text) };
      command = this.#session.command(frame);
    } catch (thrown) {
      this.#fail(thrown, frame);
      if (++this.#badFrames >= maxBadFrames) this.#link.close('badFrames');
      return;
    }
    this.#badFrames = 0;
    if (command.kind === 'publish' || this.#link.pendingPublishes === 0) this.#execute(command, frame);
    else this.#afterPublishes(command, frame);
  }

  #execute(command: { readonly kind: string }, frame: Frame): void {
    try {
      const done = this.#session.execute(command);
      if (!done) return;
      this.#busy = true;
      done.then(this.#next, (thrown) => {
        this.#fail(thrown, frame);
        this.#next();
      });
    } catch (thrown) {
      this.#fail(thrown, frame);
    }
  }

  #afterPublishes(command: { readonly kind: string }, frame: Frame): void {
    this.#busy = true;
    this.#onSettled = () => {
      this.#onSettled = null;
      this.#busy = false;
      if (this.#closed) return;
      this.#execute(command, frame);
      if (!this.#busy) this.#next();
    };
  }

  /** The frame under way is done: handle those that waited, until one of them takes time. */
  readonly #next = (): void => {
    this.#busy = false;
    while (this.#waiting && this.#waiting.length > 0 && !this.#busy)
      this.#handle(this.#waiting.shift() ?? '');
    if (this.#busy || this.#closed) return;
    this.#waiting = null;
    if (!this.#paused) return;
    this.#paused = false;
    this.#valve.resume();
  };

  /** What the address asked for cannot be had, although it could when the client was let in. */
  #unopened(thrown: unknown): void {
    const error = this.#fail(thrown, null);
    if (error) this.#link.close(error.code === 'forbidden' ? 'permissionLost' : 'restart');
  }

  /** Tells the client; null when it has gone. */
  #fail(thrown: unknown, frame: Frame | null): FanwireError | null {
    if (this.#closed) return null;
    const error = toClientError(thrown, this.#report, { connection: this.#link.id });
    this.#link.failed(error.code);
    this.#session.fail(error, frame);
    return error;
  }
}
