import { NONE, orDash, ratio } from '../report.ts';
import type { Bar, Figure, Group, Panel } from './panel.ts';

/** What is drawn, in words: for who cannot see it, and for who points at it. */

/** Below this, two decimals would say too little. */
const LITTLE = 0.1;

/** 0.0613 → `0.061×`, 0.87 → `0.87×`, 16.42 → `16.4×`. */
export function ratioText(value: number): string {
  return value < LITTLE ? `${value.toPrecision(2)}×` : ratio(value);
}

/** `1.76 M`, or that there is none. */
export function valueText({ median }: Bar, { column }: Figure): string {
  return median === null ? 'no figure' : column.format(median);
}

/** `fanwire: 1.76 M deliveries/s, from 1.70 M to 1.80 M`. */
export function barText(bar: Bar, figure: Figure): string {
  const { lowest, highest } = bar;
  const said = `${bar.label}: ${valueText(bar, figure)} (${figure.name})`;
  if (lowest === highest) return said;
  return `${said}, from ${orDash(lowest, figure.column.format)} to ${orDash(highest, figure.column.format)}`;
}

/** `32 in flight, deliveries/s: fanwire 1.76 M, ws-loop 107 k`. */
function groupText({ heading, figure, bars }: Group): string {
  const values = bars.map((bar) => `${bar.label} ${valueText(bar, figure)}`).join(', ');
  return `${heading === '' ? '' : `${heading}, `}${figure.name}: ${values === '' ? NONE : values}`;
}

/** All figures of a panel, in one paragraph. */
export function panelText({ title, groups, remarks }: Panel): string {
  return `${title}. ${[...groups.map(groupText), ...remarks].join('; ')}.`;
}
