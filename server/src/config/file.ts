import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { fileValue } from './file-value.ts';
import { type FilePair, FileReader } from './file-yaml.ts';
import { type Row, rows } from './schema.ts';
import type { Setting } from './setting.ts';
import { unknownGroup, unknownKey } from './unknown-in-file.ts';

/** The file that is read without being named, where it exists. */
export const defaultPath = 'fanwire.yaml';

/** A setting of the file. */
export interface FileEntry {
  /** `group.key`. */
  readonly name: string;
  /** The value as the environment would have it. */
  readonly text: string;
  /** Null where it is no file, but the options of a program. */
  readonly line: number | null;
}

/** Something wrong with the file; `setting` where it is the value of one. */
export interface FileProblem {
  readonly setting?: Setting;
  readonly text: string;
}

/** A config file as it was read. Settings whose value is wrong are no entries. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: ReadonlyMap<Setting, FileEntry>;
  readonly problems: readonly FileProblem[];
}

/** The file that was named, else `./fanwire.yaml` if there is one. */
export function findConfigFile(named?: string): ConfigFile | null {
  if (named !== undefined) return readConfigFile(named);
  return existsSync(defaultPath) ? readConfigFile(defaultPath) : null;
}

/** Never throws: a file that cannot be read is one with a problem. */
export function readConfigFile(path: string): ConfigFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    return broken(path, `cannot be read: ${reasons.get(code ?? '') ?? message}`);
  }
  return isUtf8(bytes) ? parseConfigFile(path, bytes.toString('utf8')) : broken(path, 'is not UTF-8 text');
}

/** `path` is only the name that the problems call it by. */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const reader = new FileReader(text);
  const entries = new Map<Setting, FileEntry>();
  const problems: Located[] = [];
  for (const pair of reader.groups()) {
    const known = rows.filter(({ group }) => group === pair.name);
    if (known.length === 0) problems.push({ line: pair.line, text: unknownGroup(pair.name) });
    else for (const entry of reader.settings(pair)) readEntry(known, entry, entries, problems);
  }
  const sorted = [...reader.problems, ...problems].sort((a, b) => a.line - b.line);
  return {
    path,
    entries,
    problems: sorted.map(({ line, ...problem }) => ({
      ...problem,
      text: `${path}:${line}: ${problem.text}`,
    })),
  };
}

interface Located extends FileProblem {
  readonly line: number;
}

/** `known` are the settings of the entry's group. */
function readEntry(
  known: readonly Row[],
  { name: key, line, value }: FilePair,
  entries: Map<Setting, FileEntry>,
  problems: Located[],
): void {
  const { group = '' } = known[0] ?? {};
  const setting = known.find((row) => row.key === key)?.setting;
  if (!setting) {
    problems.push({ line, text: unknownKey(group, key) });
    return;
  }
  const name = `${group}.${key}`;
  const { text, problem } = fileValue(setting, value);
  if (problem !== undefined) problems.push({ line, setting, text: `${name} ${problem}` });
  else if (text !== undefined) entries.set(setting, { name, text, line });
}

const reasons = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'no permission'],
  ['EISDIR', 'it is a directory'],
]);

function broken(path: string, problem: string): ConfigFile {
  return { path, entries: new Map(), problems: [{ text: `${path} ${problem}.` }] };
}
