/** A connection that gets the channel's messages, whatever the transport. */
export interface Subscriber {
  /** Sees every delivery that is not merely counted; true means "a delivery, seen to". */
  watch: ((payload: Buffer) => boolean) | null;
  /** Deliveries that were counted and not looked at. */
  readonly counted: number;
  readonly bytesRead: number;
  /** Why the connection is over, or null while it is open. */
  readonly closed: string | null;
  /** From now on deliveries of at least `bytes` are counted and not looked at. */
  countFrom(bytes: number): void;
  /** Ends by a reset, which leaves no port waiting. */
  destroy(): void;
}
