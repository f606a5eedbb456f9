import type { FileValue } from './file-yaml.ts';
import { shown } from './problems.ts';
import { type Setting, takes } from './setting.ts';
import { parseValue } from './values.ts';

/** The text that the environment would have for a value; neither when the setting counts as not set. */
interface Reading {
  readonly text?: string;
  /** Follows the name of the setting. */
  readonly problem?: string;
}

/** Unlike the environment, a file has types: a number is no text, and `"8000"` is no number. */
export function fileValue(setting: Setting, value: FileValue): Reading {
  const text = textOf(setting, value);
  if (text === '') return {};
  if (text !== undefined && parseValue(setting, text) !== undefined) return { text };
  const quotes = text === undefined ? quotesHint(setting, value) : '';
  const hint = setting.hint === undefined ? '' : ` ${setting.hint}`;
  return { problem: `${described(setting, value)}; it takes ${wanted(setting)}${quotes}.${hint}` };
}

/** Undefined for a value of the wrong type, empty for none. */
function textOf(setting: Setting, value: FileValue): string | undefined {
  if (value.kind === 'group') return undefined;
  if (value.kind === 'list') {
    const texts = value.items.filter((item) => typeof item === 'string');
    return takesList(setting) && texts.length === value.items.length ? texts.join(',') : undefined;
  }
  const { value: scalar } = value;
  if (scalar === null || scalar === undefined || scalar === '') return '';
  return typeof scalar === typeOf(setting) || isDigits(setting, scalar) ? String(scalar) : undefined;
}

function isDigits(setting: Setting, scalar: unknown): boolean {
  return setting.kind === 'text' && setting.numbers === true && typeof scalar === 'number';
}

function typeOf({ kind }: Setting): 'string' | 'number' | 'boolean' {
  switch (kind) {
    case 'boolean':
      return 'boolean';
    case 'text':
    case 'choice':
    case 'list':
    case 'secret':
      return 'string';
    default:
      return 'number';
  }
}

function takesList(setting: Setting): boolean {
  return setting.kind === 'list' || (setting.kind === 'secret' && setting.several === true);
}

function described(setting: Setting, value: FileValue): string {
  if (value.kind !== 'scalar') return value.kind === 'list' ? 'is a list' : 'is a group';
  const { value: scalar } = value;
  if (setting.kind === 'secret') {
    return typeof scalar === 'string' ? 'has a value it cannot have' : `is a ${typeof scalar}`;
  }
  return typeof scalar === 'string' ? `is the text ${shown(scalar)}` : `is ${String(scalar)}`;
}

function wanted(setting: Setting): string {
  return setting.kind === 'boolean' ? 'true or false' : takes(setting);
}

function quotesHint(setting: Setting, value: FileValue): string {
  const type = typeOf(setting);
  if (value.kind !== 'scalar' || type === typeof value.value) return '';
  return type === 'string' ? ', in quotes' : ', without quotes';
}
