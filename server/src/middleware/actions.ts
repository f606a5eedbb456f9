import type { JsonObject } from '../json.ts';

/** A frame that asks for an action of the application's own. */
export interface ActionContext {
  readonly connection: {
    readonly id: string;
    /** The verified user, or the name that a chat client goes by; null when nobody said. */
    readonly user: string | null;
    readonly dialect: string;
    /** Names of the channels it is in. */
    readonly channels: readonly string[];
  };
  /** The whole frame, as it came. */
  readonly frame: JsonObject;
}

/**
 * What it returns, or resolves to, is answered in the form of the dialect; nothing is for `undefined`. A FanwireError
 * is answered with its code, anything else that is thrown with `internal`, and is logged.
 */
export type ActionHandler = (context: ActionContext) => unknown;

/** The application's own actions, by dialect and name. */
export class Actions {
  readonly #handlers = new Map<string, Map<string, ActionHandler>>();

  add(dialect: string, name: string, handler: ActionHandler): void {
    const handlers = this.#handlers.get(dialect) ?? new Map<string, ActionHandler>();
    handlers.set(name, handler);
    this.#handlers.set(dialect, handlers);
  }

  find(dialect: string, name: string): ActionHandler | undefined {
    return this.#handlers.get(dialect)?.get(name);
  }
}
