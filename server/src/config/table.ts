import { type Row, rows } from './schema.ts';
import { type Setting, unitOf } from './setting.ts';

/** Makes a Markdown table; a `|` in a cell would end it, so it is escaped. */
export function markdownTable(
  heading: readonly string[],
  lines: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), `|${heading.map(() => '---').join('|')}|`, ...lines.map(line)].join('\n');
}

/** The Markdown table of every setting, in the order of the schema. */
export function settingsTable(table: readonly Row[] = rows): string {
  const lines = table.map(({ setting }) => [
    names(setting),
    defaultCell(setting),
    takesCell(setting),
    setting.meaning,
  ]);
  return markdownTable(['Setting', 'Default', 'Takes', 'Meaning'], lines);
}

/** The Markdown table of the settings' names in a file, a line for each group. */
export function namesInFileTable(): string {
  const lines = [...Map.groupBy(rows, ({ group }) => group)].map(([group, settings]) => {
    const names = settings.map(({ key, setting }) => `${code(key)} (${code(setting.env)})`);
    return [code(group), names.join(', ')];
  });
  return markdownTable(['Group', 'Settings'], lines);
}

function names({ env, aliases = [] }: Setting): string {
  return [env, ...aliases].map(code).join(' or ');
}

function defaultCell(setting: Setting): string {
  if (setting.shownDefault !== undefined) return setting.shownDefault;
  return setting.default === null ? 'none' : code(String(setting.default));
}

function takesCell(setting: Setting): string {
  switch (setting.kind) {
    case 'boolean':
      return 'true, false';
    case 'choice':
      return setting.choices.map(code).join(', ');
    case 'text':
    case 'list':
    case 'secret':
      return setting.takes;
    default:
      return `${setting.min} to ${setting.max} ${unitOf(setting)}`.trimEnd();
  }
}

function code(text: string): string {
  return `\`${text}\``;
}
