import { FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';
import { parseObject } from '../json.ts';
import type { Frame, Link, Session } from './dialect.ts';
import { OwnAction } from './own-action.ts';

/** Bad frames in a row after which a connection is closed with 4400. */
const maxBadFrames = 20;
/** Frames held back for a connection that is busy, after which its socket is not read any further. */
const pauseAt = 16;
/** Own publishes not committed yet, and characters of their data, after which its socket is not read any further. */
const mostPending = { publishes: 1_024, size: 512 * 1024 };

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
    const opened = (): void => {
      this.#link.opened();
      this.#next();
    };
    this.#session.open().then(opened, (thrown) => {
      this.#link.opened();
      this.#unopened(thrown);
    });
  }

  receive(text: string): void {
    if (this.#closed) return;
    if (this.#ready()) this.#handle(text);
    else {
      this.#waiting ??= [];
      this.#waiting.push(text);
    }
    this.#hold();
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

  /** Frames that have come wait to be handled. */
  get behind(): boolean {
    return this.#waiting !== null || this.#onSettled !== null;
  }

  /** Forgets what waits; nothing more is handled. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  /** A publish of this connection was committed or failed. */
  settled(): void {
    if (this.#link.pendingPublishes === 0) this.#onSettled?.();
    this.#ease();
  }

  /** Whether the next frame may be handled: a client that leaves its answers unread is not answered any further. */
  #ready(): boolean {
    if (this.#busy) return false;
    const taken = this.#link.relief();
    if (!taken) return true;
    this.#busy = true;
    taken.then(this.#next, this.#next);
    return false;
  }

  /** Stops reading the socket of a client that sends faster than what it sends can be handled. */
  #hold(): void {
    if (this.#paused) return;
    const { pendingPublishes, pendingSize, crowded } = this.#link;
    const ahead = pendingPublishes >= mostPending.publishes || pendingSize >= mostPending.size;
    if (!ahead && !(crowded && pendingPublishes > 0) && (this.#waiting?.length ?? 0) < pauseAt) return;
    this.#paused = true;
    this.#valve.pause();
  }

  /** Reads on once nothing waits and half of what was published is committed, or all of it while others wait too. */
  #ease(): void {
    if (!this.#paused || this.#closed || this.#waiting) return;
    const { pendingPublishes, pendingSize, crowded } = this.#link;
    const share = crowded ? 0 : 0.5;
    if (pendingPublishes > mostPending.publishes * share || pendingSize > mostPending.size * share) return;
    this.#paused = false;
    this.#valve.resume();
  }

  #handle(text: string): void {
    let frame: Frame | null = null;
    let command: { readonly kind: string };
    try {
      frame = { text, object: parseObject(text) };
      command = this.#command(frame);
    } catch (thrown) {
      const error = this.#fail(thrown, frame);
      if (error && error.code !== 'forbidden' && ++this.#badFrames >= maxBadFrames)
        this.#link.close('badFrames');
      return;
    }
    this.#badFrames = 0;
    if (command.kind === 'publish' || this.#link.pendingPublishes === 0) this.#execute(command, frame);
    else this.#afterPublishes(command, frame);
  }

  /** The session's command, or else the application's own of that name. */
  #command(frame: Frame): { readonly kind: string } {
    try {
      return this.#session.command(frame);
    } catch (thrown) {
      const unknown = thrown instanceof FanwireError && thrown.code === 'unknown_action';
      const action = unknown ? OwnAction.find(this.#link, this.#session, frame) : null;
      if (action) return action;
      throw thrown;
    }
  }

  #execute(command: { readonly kind: string }, frame: Frame): void {
    try {
      const done = command instanceof OwnAction ? command.run() : this.#session.execute(command);
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
    while (this.#waiting && this.#waiting.length > 0 && this.#ready())
      this.#handle(this.#waiting.shift() ?? '');
    if (this.#busy || this.#closed) return;
    this.#waiting = null;
    this.#ease();
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
