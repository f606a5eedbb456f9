import type { Column } from '../columns.ts';

/** What one document says, as it is drawn. */
export interface Panel {
  readonly title: string;
  /** Under which it was measured, line by line. */
  readonly conditions: readonly string[];
  readonly groups: readonly Group[];
  /** What a reader must know before believing the figures, line by line. */
  readonly remarks: readonly string[];
}

/** Bars on one scale. */
export interface Group {
  /** What sets it apart from the other groups of its panel; may be empty. */
  readonly heading: string;
  readonly figure: Figure;
  /** What the ratios are to; null where there are none. */
  readonly comparedTo: string | null;
  readonly bars: readonly Bar[];
}

export interface Figure {
  /** With its unit. */
  readonly name: string;
  readonly better: 'more' | 'less';
  /** Of a result as the document has it: what it picks has to be checked. */
  readonly column: Column<unknown>;
}

/** Figures are null where every round failed, or the system does not say. */
export interface Bar {
  readonly label: string;
  /** Whose it is: the default engine, the other one, or somebody else's. */
  readonly tone: Tone;
  readonly median: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  /** To the bar that it is compared to, the median of the ratios round by round; null where there is none. */
  readonly ratio: number | null;
}

export type Tone = 'default' | 'memory' | 'other';
