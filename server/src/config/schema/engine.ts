import type { Setting } from '../setting.ts';
import { mebibyte } from '../units.ts';

export const engine = {
  kind: {
    env: 'ENGINE',
    kind: 'choice',
    default: 'sqlite',
    choices: ['memory', 'sqlite'],
    meaning: 'Where messages are ordered and kept; `memory` forgets everything at the end of the process.',
    hint: 'This version has the engines memory and sqlite only.',
  },
  databasePath: {
    env: 'DATABASE_PATH',
    kind: 'text',
    default: 'data/chat.db',
    pattern: /^(?!:memory:$)(?=.*\S)/s,
    takes: 'the path of a file (for a store in memory: ENGINE=memory)',
    meaning: 'File of the sqlite engine; its folder also holds the development secret.',
  },
  durability: {
    env: 'DURABILITY',
    kind: 'choice',
    default: 'process',
    choices: ['process', 'disk'],
    meaning:
      'What an acknowledged message survives: `process` the end of the process, `disk` also a power cut (one fsync before every ack).',
  },
  freeSpaceWarning: {
    env: 'DISK_FREE_WARNING',
    kind: 'bytes',
    default: 256 * mebibyte,
    min: 0,
    max: 1024 * 1024 * mebibyte,
    meaning:
      'With less than this free on the disk of the sqlite file, the log warns, every ten minutes; 0 is never.',
  },
  keyPrefix: {
    env: 'KEY_PREFIX',
    kind: 'text',
    default: 'fanwire',
    pattern: /^[A-Za-z0-9_.:-]{1,64}$/,
    takes: '1 to 64 letters, digits and _ . : -',
    meaning:
      'First part of every key and subject in a store shared with others; the embedded engines have none.',
  },
} as const satisfies Record<string, Setting>;

export interface EngineSettings {
  /** Default sqlite; memory forgets everything at the end of the process. */
  readonly kind: 'memory' | 'sqlite';
  /** File of the sqlite engine, relative to the working directory. Default data/chat.db. */
  readonly databasePath: string;
  /** What an acknowledged message survives: the end of the process (default), or with `disk` a power cut. */
  readonly durability: 'process' | 'disk';
  /** Bytes free on the disk of the file below which the log warns. Default 256 MiB; 0 is never. */
  readonly freeSpaceWarning: number;
  /** First part of every key in a shared store. Default fanwire. */
  readonly keyPrefix: string;
}
