import { createRequire } from 'node:module';
import type { Speech } from '../../../server/src/load/speech.ts';

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

/** What is measured, as reports and documents name it. */
export interface Named {
  readonly name: string;
  /** What it is, in words. */
  readonly title: string;
  /** Of what does the work: the package, or Node.js where there is none. */
  readonly version: string;
}

/** A server under test. It prints one line with `http://127.0.0.1:<port>` once it listens. */
export interface Target extends Named {
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
