/** What one row of the schema says about a setting. */
export type Setting =
  | NumberSetting
  | BooleanSetting
  | TextSetting
  | ChoiceSetting
  | ListSetting
  | SecretSetting;

interface Common {
  /** The environment variable. */
  readonly env: string;
  /** Other variables that mean the same; setting two of them differently is an error. */
  readonly aliases?: readonly string[];
  /** One sentence, with what the edge value does. */
  readonly meaning: string;
  /** Said after every problem with this setting. */
  readonly hint?: string;
  /** How the documentation words the default, where it depends on other settings. */
  readonly shownDefault?: string;
}

/** A number in the unit of its kind: whole, but that seconds and minutes may have three decimals. */
export interface NumberSetting extends Common {
  readonly kind: 'integer' | 'bytes' | 'milliseconds' | 'seconds' | 'minutes';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** What an `integer` counts. */
  readonly unit?: string;
}

export interface BooleanSetting extends Common {
  readonly kind: 'boolean';
  /** Null where it depends on other settings. */
  readonly default: boolean | null;
}

export interface TextSetting extends Common {
  readonly kind: 'text';
  readonly default: string | null;
  /** Default: not only white space. */
  readonly pattern?: RegExp;
  /** In a file, a number stands for its digits. */
  readonly numbers?: true;
  /** What it takes, in words that follow "it takes". */
  readonly takes: string;
}

export interface ChoiceSetting extends Common {
  readonly kind: 'choice';
  /** Null where it depends on other settings. */
  readonly default: string | null;
  readonly choices: readonly string[];
}

/** Several texts separated by commas. Read as the one text; whoever knows the items splits it. */
export interface ListSetting extends Common {
  readonly kind: 'list';
  readonly default: null;
  readonly takes: string;
}

/** A text that is never shown. */
export interface SecretSetting extends Common {
  readonly kind: 'secret';
  readonly default: null;
  readonly takes: string;
  /** It is several texts separated by commas, which a file may write as a list. */
  readonly several?: true;
}

/** The type of a setting's value once it is read. Durations are milliseconds whatever the unit of their kind. */
export type ValueOf<S extends Setting> = S extends NumberSetting
  ? number
  : S extends BooleanSetting
    ? boolean | NullOf<S>
    : S extends ChoiceSetting
      ? S['choices'][number] | NullOf<S>
      : S['default'] extends string
        ? string
        : string | null;

/** Null where that is the default. */
type NullOf<S extends Setting> = S['default'] extends null ? null : never;

/** Milliseconds in the unit of each kind of duration. */
export const durationScale = { milliseconds: 1, seconds: 1_000, minutes: 60_000 } as const;

/** The short name of the unit a number counts; empty for a bare number. */
export function unitOf(setting: NumberSetting): string {
  const names = {
    integer: setting.unit ?? '',
    bytes: 'bytes',
    milliseconds: 'ms',
    seconds: 's',
    minutes: 'min',
  };
  return names[setting.kind];
}

export function takesDecimals({ kind }: NumberSetting): boolean {
  return kind === 'seconds' || kind === 'minutes';
}

/** What the setting takes, in words that follow "it takes". */
export function takes(setting: Setting): string {
  switch (setting.kind) {
    case 'boolean':
      return 'true or false (or 1 or 0)';
    case 'choice':
      return `one of ${setting.choices.join(', ')}`;
    case 'text':
    case 'list':
    case 'secret':
      return setting.takes;
    default: {
      const unit = setting.kind === 'integer' ? setting.unit : setting.kind;
      const number = takesDecimals(setting) ? 'a number' : 'a whole number';
      const noun = unit === undefined ? number : `${number} of ${unit}`;
      return `${noun} from ${setting.min} to ${setting.max}`;
    }
  }
}
