import type { Bar, Group, Panel } from './panel.ts';
import {
  HEADING,
  LABEL,
  MARGIN,
  PAPER,
  SMALL,
  STRONG_LABEL,
  TITLE,
  TONES,
  WARNING,
  WHISKER,
  WIDTH,
} from './style.ts';
import { element, escaped, fitted, letters, tenth, text, widthOf, wrapped } from './svg.ts';
import { barText, ratioText, valueText } from './words.ts';

/** Something drawn from the height 0 down. */
export interface Block {
  readonly svg: string;
  readonly height: number;
}

const INNER = WIDTH - 2 * MARGIN;
const LINE = 17;
const ROW = 23;
const THICKNESS = 14;
/** From a row's top to the line that its letters stand on. */
const BASE = 16;
const LABEL_WIDTHS = { least: 130, most: 290 };
const GAP = 10;
/** Beyond the longest bar: a value, then the ratios. */
const VALUE_WIDTH = 84;
const RATIO_WIDTH = 70;
/** An error's message may be of any length. */
const REMARK_LINES = 3;

/** Blocks one below the other. */
export function stacked(blocks: readonly Block[]): Block {
  let height = 0;
  const drawn = blocks.flatMap((block) => {
    const transform = `translate(0 ${tenth(height)})`;
    height += block.height;
    return block.svg === '' ? [] : [element('g', { transform }, block.svg)];
  });
  return { svg: drawn.join('\n'), height };
}

/** Lines of text from the left margin. */
export function paragraph(said: string, lettering = SMALL): Block {
  const lines = wrapped(said, INNER, lettering);
  const svg = lines.map((line, index) => text(line, MARGIN, LINE * index + 12, lettering)).join('');
  return { svg, height: LINE * lines.length };
}

export function space(height: number): Block {
  return { svg: '', height };
}

export function drawPanel(panel: Panel): Block {
  const labels = panel.groups.flatMap(({ bars }) => bars.map((bar) => widthOf(bar.label, STRONG_LABEL)));
  const labelWidth = Math.min(LABEL_WIDTHS.most, Math.max(LABEL_WIDTHS.least, ...labels));
  return stacked([
    { svg: text(panel.title, MARGIN, 16, TITLE), height: 24 },
    ...panel.conditions.map((line) => paragraph(line)),
    ...panel.groups.flatMap((group) => [space(12), drawGroup(group, labelWidth)]),
    space(panel.remarks.length > 0 ? 6 : 0),
    ...panel.remarks.map((remark) => paragraph(fitted(remark, REMARK_LINES * INNER, WARNING), WARNING)),
  ]);
}

function drawGroup(group: Group, labelWidth: number): Block {
  const room = INNER - labelWidth - GAP - VALUE_WIDTH - RATIO_WIDTH;
  const most = Math.max(...group.bars.map(({ highest }) => highest ?? 0));
  const lengthOf = (value: number) => (most > 0 ? (Math.max(0, value) / most) * room : 0);
  return stacked([drawHeading(group), ...group.bars.map((bar) => drawBar(bar, group, labelWidth, lengthOf))]);
}

function drawHeading({ heading, figure, comparedTo }: Group): Block {
  const measure = `${figure.name}, ${figure.better} is better`;
  const said =
    heading === '' ? [letters(measure, SMALL)] : [letters(heading, HEADING), letters(measure, SMALL, 8)];
  const parts = [
    element('text', { x: MARGIN, y: 13 }, ...said),
    ...(comparedTo === null ? [] : [text(`× ${comparedTo}`, WIDTH - MARGIN, 13, SMALL, 'end')]),
  ];
  return { svg: parts.join(''), height: 19 };
}

function drawBar(
  bar: Bar,
  { figure }: Group,
  labelWidth: number,
  lengthOf: (value: number) => number,
): Block {
  const left = MARGIN + labelWidth + GAP;
  const lettering = bar.tone === 'default' ? STRONG_LABEL : LABEL;
  const end = left + lengthOf(Math.max(bar.median ?? 0, bar.highest ?? 0));
  const parts = [
    element('title', {}, escaped(barText(bar, figure))),
    text(fitted(bar.label, labelWidth, lettering), MARGIN, BASE, lettering),
    ...(bar.median === null ? [] : [rectangle(left, lengthOf(bar.median), bar)]),
    ...whisker(bar, left, lengthOf),
    text(valueText(bar, figure), end + 6, BASE, lettering),
    ...(bar.ratio === null ? [] : [text(ratioText(bar.ratio), WIDTH - MARGIN, BASE, lettering, 'end')]),
  ];
  return { svg: element('g', {}, ...parts), height: ROW };
}

/** Never so thin that nobody sees it. */
function rectangle(x: number, length: number, { tone }: Bar): string {
  const y = (ROW - THICKNESS) / 2;
  const width = tenth(Math.max(1.5, length));
  return element('rect', { x, y, width, height: THICKNESS, rx: Math.min(2, width / 2), fill: TONES[tone] });
}

/** From the lowest to the highest round, where they can be told apart. */
function whisker({ lowest, highest }: Bar, left: number, lengthOf: (value: number) => number): string[] {
  if (lowest === null || highest === null) return [];
  const [from, to] = [tenth(left + lengthOf(lowest)), tenth(left + lengthOf(highest))];
  if (to - from < 2) return [];
  const y = ROW / 2;
  const path = `M${from} ${y - 3}v6M${to} ${y - 3}v6M${from} ${y}H${to}`;
  return [
    element('path', { d: path, stroke: PAPER, 'stroke-width': 3, 'stroke-opacity': 0.7, fill: 'none' }),
    element('path', { d: path, stroke: WHISKER, 'stroke-width': 1, fill: 'none' }),
  ];
}
