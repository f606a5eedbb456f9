/** What a client does about a text frame that is not a delivery. */
export interface Reaction {
  /** Text to send back. */
  readonly reply?: string;
  /** The client is now ready: connected, and subscribed where it subscribes. */
  readonly ready?: boolean;
  /** The frame was an error; this is its text. */
  readonly complaint?: string;
}

/** How a client speaks to a server over WebSocket. Stateless, so that one serves all clients. */
export interface Speech {
  /** What to ask for in the upgrade: path and query. */
  readonly path: string;
  hear(text: string): Reaction;
  /** The text frame that publishes `content` to the channel. */
  publish(content: string): string;
}
