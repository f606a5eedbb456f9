import { type Problems, shown } from './problems.ts';
import { type RawSettings, rows } from './schema.ts';
import { cleanSecret } from './secret-text.ts';
import {
  durationScale,
  type NumberSetting,
  type SecretSetting,
  type Setting,
  takes,
  takesDecimals,
} from './setting.ts';
import type { Sources } from './sources.ts';

type Value = string | number | boolean | null;

/** Reads every setting of the schema. What is malformed is reported and read as its default. */
export function readValues(sources: Sources, problems: Problems): RawSettings {
  const groups: Record<string, Record<string, Value>> = {};
  for (const { group, key, setting } of rows) {
    groups[group] ??= {};
    groups[group][key] = readValue(setting, sources, problems);
  }
  return groups as RawSettings;
}

function readValue(setting: Setting, sources: Sources, problems: Problems): Value {
  const given = sources.given(setting);
  if (given === undefined) return defaultOf(setting);
  const { text } = given;
  const other = sources.variablesOf(setting).find((name) => sources.env[name] !== text);
  if (other !== undefined) {
    problems.about(setting, `and ${other} are set differently, but mean the same; set only one of them`);
  }
  const value = parseValue(setting, setting.kind === 'secret' ? cleaned(setting, text, problems) : text);
  if (value !== undefined) return value;
  const what = setting.kind === 'secret' ? 'has a value it cannot have' : `is ${shown(text)}`;
  problems.about(setting, `${what}; it takes ${takes(setting)}`);
  return defaultOf(setting);
}

function cleaned(setting: SecretSetting, given: string, problems: Problems): string {
  const { text, cut } = cleanSecret(given, setting.several ?? false);
  if (cut) problems.warn(setting, 'has white space, a line end or quotes around it, which were cut off');
  return text;
}

function defaultOf(setting: Setting): Value {
  return typeof setting.default === 'number' ? setting.default * scaleOf(setting) : setting.default;
}

/** The value in the unit of the result, or undefined when the text is malformed or out of range. */
export function parseValue(setting: Setting, text: string): Value | undefined {
  switch (setting.kind) {
    case 'boolean':
      return parseBoolean(text);
    case 'choice':
      return setting.choices.find((choice) => choice === text.toLowerCase());
    case 'text':
      return (setting.pattern ?? /\S/).test(text) ? text : undefined;
    case 'list':
    case 'secret':
      return /\S/.test(text) ? text : undefined;
    default:
      return parseNumber(setting, text);
  }
}

function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  return lower === 'false' || lower === '0' ? false : undefined;
}

function parseNumber(setting: NumberSetting, text: string): number | undefined {
  const pattern = takesDecimals(setting) ? /^(?:0|[1-9]\d*)(?:\.\d{1,3})?$/ : /^(?:0|[1-9]\d*)$/;
  if (!pattern.test(text)) return undefined;
  const value = Number(text);
  return value < setting.min || value > setting.max ? undefined : Math.round(value * scaleOf(setting));
}

function scaleOf({ kind }: Setting): number {
  return kind === 'milliseconds' || kind === 'seconds' || kind === 'minutes' ? durationScale[kind] : 1;
}
