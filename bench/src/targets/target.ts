import { createRequire } from 'node:module';

/** What a client does about a text frame that is not a delivery. */
export interface Reaction {
  /** Text to send back. */
  readonly reply?: string;
  /** The client is now ready: connected, and subscribed where it subscribes. */
  readonly ready?: boolean;
  /** The frame was an error; this is its text. */
  readonly complaint?: string;
}

/** How a client speaks to a target over WebSocket. Stateless, so that one serves all clients. */
export interface Speech {
  /** What to ask for in the upgrade: path and query. */
  readonly path: string;
  hear(text: string): Reaction;
  /** The text frame that publishes `content` to the channel. */
  publish(content: string): string;
}

/** What a client is there for. */
export interface Purpose {
  /** It is ready when the channel's messages will reach it. Some targets have every connection subscribed. */
  readonly subscribe: boolean;
  /** @default CHANNEL */
  readonly channel?: string;
}

/** How a target's server is started: a script for this Node, and all of its environment. */
export interface Launch {
  /** Absolute path. */
  readonly script: string;
  readonly args: readonly string[];
  /** `directory` is a fresh temporary one, also the working directory, removed when the server has ended. */
  environment(directory: string): Readonly<Record<string, string>>;
}

/** A server under test. It prints one line with `http://127.0.0.1:<port>` once it listens. */
export interface Target {
  readonly name: string;
  /** What it is, for the report. */
  readonly title: string;
  readonly launch: Launch;
  /** Null where the target is bare TCP. */
  speech(purpose: Purpose): Speech | null;
}

/** The channel of every scenario that has only one. */
export const CHANNEL = 'bench';

/** The version of an installed package, for titles. */
export function versionOf(name: string): string {
  const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
  const isVersioned = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isVersioned ? String(manifest.version) : 'unknown';
}
