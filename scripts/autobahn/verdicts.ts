import { readFileSync } from 'node:fs';

/** The name under which the suite reports on us. */
export const agent = 'Fanwire';

/** What the suite says of one case: of the exchange itself, and of how the connection was closed. */
export interface Verdict {
  readonly id: string;
  readonly behavior: string;
  readonly behaviorClose: string;
  readonly failed: boolean;
}

/**
 * `NON-STRICT` is as the RFC has it, by another way than the suite prefers; `INFORMATIONAL` has no right answer.
 * Everything else is a failure, also that a case could not be run because something is not implemented.
 */
const passed = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL']);

/** From the suite's own report. */
export function readVerdicts(path: string): Verdict[] {
  const report: Record<string, Record<string, Omit<Verdict, 'id' | 'failed'>>> = JSON.parse(
    readFileSync(path, 'utf8'),
  );
  return Object.entries(report[agent] ?? {}).map(([id, { behavior, behaviorClose }]) => ({
    id,
    behavior,
    behaviorClose,
    failed: !passed.has(behavior) || !passed.has(behaviorClose),
  }));
}

/** A line for each group, then the cases that failed, then the totals. */
export function reportOf(verdicts: readonly Verdict[]): string {
  const groups = Map.groupBy(verdicts, ({ id }) => Number(id.split('.')[0]));
  const lines = [...groups]
    .toSorted(([one], [other]) => one - other)
    .map(([group, cases]) => `group ${group}: ${cases.length} cases, ${tally(cases)}`);
  const failed = verdicts.filter((verdict) => verdict.failed);
  for (const { id, behavior, behaviorClose } of failed) {
    lines.push(`case ${id} failed: ${behavior}, closed: ${behaviorClose}`);
  }
  return [...lines, `${verdicts.length - failed.length} passed, ${failed.length} failed`].join('\n');
}

function tally(cases: readonly Verdict[]): string {
  const kinds = Map.groupBy(cases, ({ behavior }) => behavior);
  return [...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(', ');
}
