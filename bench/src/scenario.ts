import { readdirSync } from 'node:fs';
import type { Command } from 'commander';

/**
 * One thing to measure, or to do with what was measured: a file in `scenarios/` that exports one of these as
 * `scenario`, named as the file is.
 */
export interface Scenario {
  /** One line for the list. */
  readonly summary: string;
  /** Adds options and the action to its command. The action sets `process.exitCode` where something failed. */
  define(command: Command): void;
}

const folder = new URL('./scenarios/', import.meta.url);

/** All scenarios, by name. */
export async function loadScenarios(): Promise<ReadonlyMap<string, Scenario>> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const entries = await Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as { scenario?: Scenario };
      if (module.scenario === undefined) throw new Error(`scenarios/${file} exports no scenario`);
      return [file.slice(0, -'.ts'.length), module.scenario] as const;
    }),
  );
  return new Map(entries);
}
