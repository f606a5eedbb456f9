import { isObject, kindOf } from '../json.ts';
import type { ConfigFile, FileEntry, FileProblem } from './file.ts';
import { fileValue } from './file-value.ts';
import type { FileValue } from './file-yaml.ts';
import { namesOf, rows, type schema } from './schema.ts';
import type { Setting, ValueOf } from './setting.ts';
import type { Environment } from './sources.ts';
import { unknownGroup, unknownKey } from './unknown-in-file.ts';

type Schema = typeof schema;

/** Lists, and secrets of which there may be several, are also taken as arrays. */
type OptionOf<S extends Setting> = S['kind'] extends 'list'
  ? string | readonly string[]
  : S extends { readonly several: true }
    ? string | readonly string[]
    : ValueOf<S> & {};

/**
 * The settings as a program gives them: the groups, keys, units and rules of `fanwire.yaml` (docs/settings.md). What
 * is left out has its default. `engine: 'memory'` is short for `engine: { kind: 'memory' }`.
 */
export type SettingOptions = {
  readonly [Group in Exclude<keyof Schema, 'node' | 'engine'>]?: GroupOptions<Group> | undefined;
} & {
  readonly engine?: Schema['engine']['kind']['choices'][number] | GroupOptions<'engine'> | undefined;
};

type GroupOptions<Group extends keyof Schema> = {
  readonly [Key in keyof Schema[Group]]?: Schema[Group][Key] extends Setting
    ? OptionOf<Schema[Group][Key]> | undefined
    : never;
};

/** The options as if they stood in a config file. Never throws: what is wrong is a problem, by the option's name. */
export function readOptions(options: Readonly<Record<string, unknown>>): ConfigFile {
  const entries = new Map<Setting, FileEntry>();
  const problems: FileProblem[] = [];
  for (const [group, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!rows.some((row) => row.group === group)) problems.push({ text: `option ${unknownGroup(group)}` });
    else {
      const values = group === 'engine' && typeof value === 'string' ? { kind: value } : value;
      if (isObject(values)) readGroup(group, values, entries, problems);
      else problems.push({ text: `option ${group} is ${kindOf(values)}; it takes an object.` });
    }
  }
  return { path: 'options', entries, problems };
}

/** The environment without the variables of settings that the options have: a program means what it says. */
export function withoutGiven(env: Environment, { entries }: ConfigFile): Environment {
  const given = new Set([...entries.keys()].flatMap(namesOf));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !given.has(name)));
}

function readGroup(
  group: string,
  values: Readonly<Record<string, unknown>>,
  entries: Map<Setting, FileEntry>,
  problems: FileProblem[],
): void {
  for (const [key, value] of Object.entries(values)) {
    const setting = rows.find((row) => row.group === group && row.key === key)?.setting;
    const name = `${group}.${key}`;
    if (!setting) problems.push({ text: `option ${unknownKey(group, key)}` });
    else {
      const { text, problem } = fileValue(setting, given(value));
      if (problem !== undefined) problems.push({ setting, text: `option ${name} ${problem}` });
      else if (text !== undefined) entries.set(setting, { name, text, line: null });
    }
  }
}

function given(value: unknown): FileValue {
  if (Array.isArray(value)) return { kind: 'list', items: value };
  return isObject(value) ? { kind: 'group', node: value } : { kind: 'scalar', value };
}
