import { dotenvPath, type Environment } from './dotenv.ts';
import type { ConfigFile } from './file.ts';
import { namesOf } from './schema.ts';
import type { Setting } from './setting.ts';

export type { Environment };

/** Where the value of a setting came from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'environment'; readonly name: string }
  /** The file `.env`, beneath the environment. */
  | { readonly kind: 'dotenv'; readonly name: string }
  | { readonly kind: 'option'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number };

/** What an operator set: a text as the environment has it, in the unit of the setting. */
export interface Given {
  readonly text: string;
  readonly source: Source;
}

/** What was set, and where. The environment wins over the file; what is empty counts as not set. */
export class Sources {
  readonly env: Environment;
  readonly file: ConfigFile | null;
  readonly #dotenv: ReadonlySet<string>;

  /** `dotenv` are the variables that came from the file `.env`. */
  constructor(env: Environment, file: ConfigFile | null, dotenv: ReadonlySet<string>) {
    this.#dotenv = dotenv;
    this.env = env;
    this.file = file;
  }

  /** Undefined when the default holds. */
  given(setting: Setting): Given | undefined {
    const [name] = this.variablesOf(setting);
    const text = name === undefined ? undefined : this.env[name];
    if (name !== undefined && text !== undefined) return { text, source: { kind: this.#kindOf(name), name } };
    const entry = this.file?.entries.get(setting);
    if (!this.file || !entry) return undefined;
    const { text: set, name: option, line } = entry;
    if (line === null) return { text: set, source: { kind: 'option', name: option } };
    return { text: set, source: { kind: 'file', path: this.file.path, line } };
  }

  /** The variables by which the setting was set, its own name first. */
  variablesOf(setting: Setting): string[] {
    return namesOf(setting).filter((name) => this.env[name]);
  }

  #kindOf(name: string): 'environment' | 'dotenv' {
    return this.#dotenv.has(name) ? 'dotenv' : 'environment';
  }

  /** The setting as an operator knows it: the variable, or the place in the file, by which it was set. */
  nameOf(setting: Setting): string {
    const [name] = this.variablesOf(setting);
    const entry = name === undefined ? this.file?.entries.get(setting) : undefined;
    if (name !== undefined && this.#dotenv.has(name)) return `${dotenvPath}: ${name}`;
    if (!entry || !this.file) return name ?? setting.env;
    return entry.line === null ? `option ${entry.name}` : `${this.file.path}:${entry.line}: ${entry.name}`;
  }
}

/** `default`, `environment PORT`, `.env PORT` or `file fanwire.yaml:3`. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'environment':
      return `environment ${source.name}`;
    case 'dotenv':
      return `${dotenvPath} ${source.name}`;
    case 'option':
      return `option ${source.name}`;
    case 'file':
      return `file ${source.path}:${source.line}`;
  }
}
