import type { ConfigFile } from './file.ts';
import { resolveSettings } from './load.ts';
import { rows, schema } from './schema.ts';
import { type Setting, unitOf } from './setting.ts';
import type { Settings } from './settings.ts';
import { type Environment, type Given, type Source, type Sources, sourceText } from './sources.ts';
import { parseValue } from './values.ts';

export type ShownValue = string | number | boolean | readonly string[] | null;

/** One setting as it stands. Secrets are `set` or `not set`, wherever a value is. */
export interface SettingReport {
  readonly name: string;
  /** `group.key`, by which the file has it. */
  readonly key: string;
  readonly meaning: string;
  readonly unit: string | null;
  /** Null for none. A text for people where it depends on other settings. */
  readonly default: ShownValue;
  /** In force, in the unit. Null for none. */
  readonly value: ShownValue;
  readonly source: Source;
  /** `default`, `environment PORT`, `.env PORT` or `file fanwire.yaml:3`. */
  readonly from: string;
}

/** Every setting, in the order of the schema. Throws the StartError of settings that are wrong. */
export function reportSettings(
  env: Environment,
  file: ConfigFile | null,
  dotenv: ReadonlySet<string> = new Set(),
): SettingReport[] {
  const { settings, sources } = resolveSettings(env, file, dotenv);
  return rows.map(({ group, key, setting }) => report(`${group}.${key}`, setting, settings, sources));
}

function report(key: string, setting: Setting, settings: Settings, sources: Sources): SettingReport {
  const given = sources.given(setting);
  const source: Source = given?.source ?? { kind: 'default' };
  return {
    name: setting.env,
    key,
    meaning: plain(setting.meaning),
    unit: 'min' in setting ? unitOf(setting) || null : null,
    default: defaultOf(setting),
    value: derived(setting, settings) ?? valueInForce(setting, given),
    source,
    from: sourceText(source),
  };
}

function defaultOf(setting: Setting): ShownValue {
  return setting.shownDefault === undefined ? setting.default : plain(setting.shownDefault);
}

function valueInForce(setting: Setting, given: Given | undefined): ShownValue {
  if (setting.kind === 'secret') return given ? 'set' : 'not set';
  if (!given) return defaultOf(setting);
  if ('min' in setting) return Number(given.text);
  if (setting.kind === 'list') return given.text.split(',').map((item) => item.trim());
  return parseValue(setting, given.text) ?? null;
}

/** Where the value in force is not what was written, but follows from it. */
function derived(setting: Setting, settings: Settings): ShownValue | undefined {
  switch (setting) {
    case schema.jwt.algorithms:
      return settings.jwt.algorithms.length > 0 ? settings.jwt.algorithms : undefined;
    case schema.relay.authRequired:
      return settings.relay.authRequired;
    case schema.websocket.authRequired:
      return settings.websocket.authRequired;
    case schema.chat.authRequired:
      return settings.chat.authRequired;
    case schema.sse.authRequired:
      return settings.sse.authRequired;
    case schema.jwt.expRequired:
      return settings.jwt.expRequired;
    case schema.guests.may:
      return settings.guests.may;
    case schema.pages.enabled:
      return settings.pages.enabled;
    case schema.pages.console:
      return settings.pages.console;
    default:
      return undefined;
  }
}

/** Markdown is for the documentation. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
