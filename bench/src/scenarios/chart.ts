import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { chartOf } from '../chart/chart.ts';
import { print } from '../report.ts';
import type { Scenario } from '../scenario.ts';

export const scenario: Scenario = {
  summary: 'measures nothing: draws what the others wrote with --json',
  define(command: Command): void {
    command
      .argument('<file.json...>', 'what scenarios wrote with --json, drawn in this order')
      .requiredOption('--svg <file>', 'where to draw it')
      .action(run);
  },
};

function run(files: readonly string[], { svg }: { readonly svg: string }): void {
  writeFileSync(svg, chartOf(files));
  print(`${svg}: ${files.length} ${files.length === 1 ? 'panel' : 'panels'}`);
}
