import { StartError } from '../errors.ts';
import { namesOf } from './schema.ts';
import type { Setting } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Collects what is wrong with the settings, so that the operator hears of all of it at once. */
export class Problems {
  readonly lines: string[] = [];
  readonly #env: Environment;
  readonly #wrong = new Set<Setting>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** `text` follows the name of the variable: "is "80a"; it takes a whole number". */
  about(setting: Setting, text: string): void {
    this.#wrong.add(setting);
    this.add(`${this.nameOf(setting)} ${text}.${setting.hint === undefined ? '' : ` ${setting.hint}`}`);
  }

  /** Reads a part of a setting by a function that throws a clear Error; null when it did. */
  attempt<T>(setting: Setting, read: () => T): T | null {
    try {
      return read();
    } catch (thrown) {
      this.#wrong.add(setting);
      this.add(thrown instanceof Error ? thrown.message : String(thrown));
      return null;
    }
  }

  add(line: string): void {
    this.lines.push(line.replace(/[\r\n]+/g, ' '));
  }

  /** True once something was wrong with the setting: its value is then the default, not what the operator set. */
  has(setting: Setting): boolean {
    return this.#wrong.has(setting);
  }

  /** The variable by which the setting was set: an alias, if only that is. */
  nameOf(setting: Setting): string {
    return namesOf(setting).find((name) => this.#env[name]) ?? setting.env;
  }

  /** Throws one StartError with every problem on a line of its own. */
  throwIfAny(): void {
    const count = this.lines.length;
    if (count === 0) return;
    const heading = count === 1 ? 'A setting is wrong:' : `${count} settings are wrong:`;
    throw new StartError([heading, ...this.lines.map((line) => `  ${line}`)].join('\n'));
  }
}

/** A value as an error shows it: on one line, and not long. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
