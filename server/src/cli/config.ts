import type { Command } from 'commander';
import { dotenvPath, withDotenv } from '../config/dotenv.ts';
import { type ConfigFile, findConfigFile } from '../config/file.ts';
import { reportSettings, type SettingReport, type ShownValue } from '../config/report.ts';
import type { Environment } from '../config/sources.ts';
import { Output } from './output/output.ts';
import { type Column, Table } from './output/table.ts';
import { printable, wrap } from './output/text.ts';

interface ConfigOptions {
  readonly config?: string;
  readonly json?: true;
}

/** The option of every command that reads the settings of a server. */
export function withConfigOption(command: Command): Command {
  return command.option('--config <path>', 'the config file (default: fanwire.yaml, if it is there)');
}

export function addConfig(root: Command, env: Environment): void {
  const command = root
    .command('config')
    .summary('print every setting')
    .description(
      'print every setting: what it means, its default, its value in force and where that came from',
    )
    .option('--json', 'print JSON lines, on a terminal as well');
  withConfigOption(command).action((options: ConfigOptions) => {
    const file = findConfigFile(options.config);
    const { env: read, fromFile } = withDotenv(env);
    const reports = reportSettings(read, file, fromFile);
    const output = new Output(options);
    if (output.json) for (const report of reports) output.line(jsonLine(report));
    else {
      if (fromFile.size > 0) output.line(`The file ${dotenvPath} was read. The environment wins over it.\n`);
      output.line(forPeople(reports, file, output.width));
    }
  });
}

function jsonLine({ source: _, from, ...report }: SettingReport): string {
  return JSON.stringify({ ...report, source: from });
}

/** Longer values go on in the next line. */
const longest = 22;
const columns: readonly Column[] = [
  { title: 'SETTING' },
  { title: 'VALUE', max: longest },
  { title: 'DEFAULT', max: longest },
  { title: 'FROM' },
];
const indent = '  ';

/** Each setting in its row, with its name in the file and its meaning below. */
function forPeople(reports: readonly SettingReport[], file: ConfigFile | null, width: number): string {
  const cells = reports.map((report) => [
    report.name,
    shown(report.value, report.unit),
    shown(report.default, report.unit),
    fromOf(report),
  ]);
  const table = new Table(columns, cells);
  const rows = reports.map(({ key, meaning }, at) => {
    const below = wrap(`${key}: ${meaning}`, width - indent.length).map((line) => `${indent}${line}`);
    return [table.row(cells[at] ?? []), ...below].join('\n');
  });
  const read = file ? `The file ${printable(file.path)} was read.` : 'No config file was read.';
  return [table.header(), ...rows, '', `${read} The environment wins over the file.`].join('\n');
}

function shown(value: ShownValue, unit: string | null): string {
  if (value === null) return 'none';
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return unit === null ? text : `${text} ${unit}`;
}

/** The name of the variable stands in the row already, unless it is the other one. */
function fromOf({ source, from, name }: SettingReport): string {
  return source.kind === 'environment' && source.name === name ? 'environment' : from;
}
