import { StartError } from '../errors.ts';
import type { Setting } from './setting.ts';
import type { Sources } from './sources.ts';

/** Collects what is wrong with the settings, so that the operator hears of all of it at once. */
export class Problems {
  readonly lines: string[] = [];
  /** What was mended, and does not stop the start. */
  readonly warnings: string[] = [];
  readonly #sources: Sources;
  readonly #wrong = new Set<Setting>();

  /** What is wrong with the file comes first. */
  constructor(sources: Sources) {
    this.#sources = sources;
    for (const { setting, text } of sources.file?.problems ?? []) {
      this.add(text);
      if (setting && sources.variablesOf(setting).length === 0) this.#wrong.add(setting);
    }
  }

  /** `text` follows the name of the variable, or the place in the file: "is "80a"; it takes a whole number". */
  about(setting: Setting, text: string): void {
    this.#wrong.add(setting);
    const name = this.#sources.nameOf(setting);
    this.add(`${name} ${text}.${setting.hint === undefined ? '' : ` ${setting.hint}`}`);
  }

  /** The same for what does not stop the start. */
  warn(setting: Setting, text: string): void {
    this.warnings.push(`${this.#sources.nameOf(setting)} ${text}.`);
  }

  /** Reads a part of a setting by a function that throws a clear Error, which names the variable; null when it did. */
  attempt<T>(setting: Setting, read: () => T): T | null {
    try {
      return read();
    } catch (thrown) {
      this.#wrong.add(setting);
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      const named = text.startsWith(setting.env);
      this.add(named ? `${this.#sources.nameOf(setting)}${text.slice(setting.env.length)}` : text);
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
