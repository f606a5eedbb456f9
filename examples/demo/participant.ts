import type { Ears } from './ears.ts';

/** One end of the conversation, in the channel and ready to speak. */
export interface Participant {
  /** What the transcript calls it: its dialect. */
  readonly name: string;
  /** The address it uses, and the library that it speaks by. */
  readonly address: string;
  readonly library: string;
  /** Null for one that only publishes. */
  readonly ears: Ears | null;
  /** Says it to the channel. Returns what went out, for the transcript. */
  say(text: string): string;
  close(): void;
}

export const channel = 'lobby';

export function webSocketUrl(server: string, path: string): string {
  return `${server.replace('http', 'ws')}${path}`;
}
