import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the runner counts, in the order of its own summary. */
const names = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const;
type Counts = Readonly<Record<(typeof names)[number], number>>;

/** How the runner's own summary calls what it reports under another name. */
const shown: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail' };

interface Summary {
  readonly counts: Counts;
  readonly milliseconds: number;
}

/** The totals of several runs of `node --test`, each of which leaves its own in a file. */
export class Totals implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanwire-totals-'));
  #runs = 0;

  /** Options for one more run: what it prints by itself, and its totals for us. */
  options(): string[] {
    const reporter = join(import.meta.dirname, 'totals-reporter.ts');
    return [
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${this.#file(this.#runs++)}`,
    ];
  }

  /** Those of all runs together, as the runner prints its own; null when there are not several. */
  text(): string | null {
    const runs = Array.from({ length: this.#runs }, (_, run) => this.#summary(run)).filter(
      (one) => one !== null,
    );
    if (runs.length < 2) return null;
    const sum = (value: (summary: Summary) => number): number =>
      runs.reduce((total, summary) => total + value(summary), 0);
    return [
      ...names.map((name) => `ℹ ${shown[name] ?? name} ${sum(({ counts }) => counts[name])}`),
      `ℹ duration_ms ${sum(({ milliseconds }) => milliseconds)}`,
    ].join('\n');
  }

  #summary(run: number): Summary | null {
    try {
      const { counts, duration_ms } = JSON.parse(readFileSync(this.#file(run), 'utf8'));
      return { counts, milliseconds: duration_ms };
    } catch {
      return null;
    }
  }

  #file(run: number): string {
    return join(this.#directory, `${run}.json`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
