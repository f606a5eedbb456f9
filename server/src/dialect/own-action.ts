import { field } from '../json.ts';
import type { ActionHandler } from '../middleware/actions.ts';
import type { Frame, Link, Session } from './dialect.ts';

/** A frame that asks for an action that the application added to the dialect. */
export class OwnAction {
  readonly kind = 'own';
  readonly #name: string;
  readonly #handler: ActionHandler;
  readonly #link: Link;
  readonly #session: Session;
  readonly #frame: Frame;

  private constructor(name: string, handler: ActionHandler, link: Link, session: Session, frame: Frame) {
    this.#name = name;
    this.#handler = handler;
    this.#link = link;
    this.#session = session;
    this.#frame = frame;
  }

  /** Null when the application has none of this name. */
  static find(link: Link, session: Session, frame: Frame): OwnAction | null {
    const name = session.actionMember && field(frame.object, session.actionMember);
    if (typeof name !== 'string') return null;
    const handler = link.ownAction(name);
    return handler ? new OwnAction(name, handler, link, session, frame) : null;
  }

  async run(): Promise<void> {
    const { id, user, dialect, subscriptions } = this.#link;
    const connection = { id, user, dialect, channels: [...subscriptions.keys()] };
    const value = await this.#handler({ connection, frame: this.#frame.object });
    if (value === undefined) return;
    if (JSON.stringify(value) === undefined) {
      throw new TypeError(`the action "${this.#name}" returned a ${typeof value}, which has no JSON text`);
    }
    this.#session.answerOwn?.(this.#name, value, this.#frame);
  }
}
