import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { kindOf } from '../json.ts';

/** A name of the file, and what stands behind it. */
export interface FilePair {
  readonly name: string;
  readonly line: number;
  readonly value: FileValue;
}

export type FileValue =
  | { readonly kind: 'scalar'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly unknown[] }
  | { readonly kind: 'group'; readonly node: unknown };

/**
 * Reads the two levels of names of a config file, and collects what is wrong with its YAML, each problem with its
 * line. The problems quote nothing but names: any other text of the file may be a secret.
 */
export class FileReader {
  readonly problems: { readonly line: number; readonly text: string }[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(text: string) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // Found here, with both lines.
      uniqueKeys: false,
    });
    const { errors, warnings } = this.#document;
    for (const error of [...errors, ...warnings]) this.#report(this.#lineAt(error.pos[0]), wordsOf(error));
  }

  /** The groups of the file; none when its YAML is broken. */
  groups(): FilePair[] {
    const { contents } = this.#document;
    if (this.problems.length > 0) return [];
    const value = this.#read(contents);
    if (value.kind === 'group') return this.#pairs(contents, '');
    if (!isNothing(value)) this.#report(this.#lineOf(contents), `the file ${isWrongly(value)}.`);
    return [];
  }

  /** The settings of a group. */
  settings({ name, line, value }: FilePair): FilePair[] {
    if (value.kind === 'group') return this.#pairs(value.node, `${name}.`);
    if (!isNothing(value)) this.#report(line, `${name} ${isWrongly(value)}.`);
    return [];
  }

  #pairs(node: unknown, prefix: string): FilePair[] {
    const pairs: FilePair[] = [];
    for (const { key, value } of isMap(node) ? node.items : []) {
      const name = isScalar(key) ? String(key.value ?? '') : '';
      const line = this.#lineOf(key);
      const first = pairs.find((pair) => pair.name === name);
      if (name === '') this.#report(line, 'a name is missing, or is no plain text.');
      else if (first) this.#report(line, `${prefix}${name} is set twice, first on line ${first.line}.`);
      else pairs.push({ name, line, value: this.#read(value) });
    }
    return pairs;
  }

  #read(node: unknown): FileValue {
    const target = this.#resolve(node);
    if (isMap(target)) return { kind: 'group', node: target };
    if (isSeq(target)) return { kind: 'list', items: target.items.map((item) => plain(this.#resolve(item))) };
    return { kind: 'scalar', value: plain(target) };
  }

  #resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = (node as Alias).resolve(this.#document);
    if (!target) this.#report(this.#lineOf(node), 'a text that begins with "*" has to be in quotes.');
    return target;
  }

  #lineOf(node: unknown): number {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : null;
    return this.#lineAt(range?.[0] ?? 0);
  }

  #lineAt(position: number): number {
    return this.#lines.linePos(position).line || 1;
  }

  #report(line: number, text: string): void {
    this.problems.push({ line, text });
  }
}

/** The value of a scalar. What is no scalar stays a node, which no setting takes. */
function plain(node: unknown): unknown {
  return isScalar(node) ? node.value : node;
}

function isNothing(value: FileValue): boolean {
  return value.kind === 'scalar' && (value.value === null || value.value === undefined);
}

function isWrongly(value: FileValue): string {
  const what = value.kind === 'list' ? 'a list' : kindOf(value.kind === 'scalar' ? value.value : {});
  return `is ${what}; it takes names, each with its value`;
}

/** Our own words: those of the parser may quote the file. */
function wordsOf({ code }: YAMLError): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'the line is indented by a tab; YAML takes spaces.';
    case 'BAD_INDENT':
      return 'the line is not valid YAML: the indentation does not fit the lines above, or a bracket is not closed.';
    case 'BAD_SCALAR_START':
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_ALIAS':
      return 'a text that begins with one of ! & * @ ` % | > has to be in quotes.';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'UNEXPECTED_TOKEN':
      return 'the line is not valid YAML; a text with ": " or " #" or quotes in it has to be in quotes.';
    case 'BAD_DQ_ESCAPE':
      return 'the line is not valid YAML: in double quotes, a backslash is written twice.';
    case 'MISSING_CHAR':
      return 'the line is not valid YAML: a quote, a bracket or the colon behind a name is missing, here or above.';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here ("---"); the file takes one.';
    default:
      return 'the line is not valid YAML.';
  }
}
