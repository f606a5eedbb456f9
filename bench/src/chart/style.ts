import type { Tone } from './panel.ts';
import type { Lettering } from './svg.ts';

/** All lengths are in the units of the drawing, which are pixels where it is not scaled. */

export const WIDTH = 900;
export const MARGIN = 32;
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export const PAPER = '#ffffff';
export const EDGE = '#d0d7de';

const INK = '#1f2328';
const GREY = '#57606a';

/** Colours stand out from white by 3:1 at least, letters by 4.5:1. */
export const TONES: Readonly<Record<Tone, string>> = {
  default: '#0b5fb3',
  memory: '#4f94d8',
  other: '#858d96',
};

export const HEADLINE: Lettering = { size: 22, weight: 600, fill: INK };
export const TITLE: Lettering = { size: 16, weight: 600, fill: INK };
export const SMALL: Lettering = { size: 12, weight: 400, fill: GREY };
export const HEADING: Lettering = { size: 12.5, weight: 600, fill: INK };
export const LABEL: Lettering = { size: 13, weight: 400, fill: INK };
export const STRONG_LABEL: Lettering = { size: 13, weight: 600, fill: INK };
export const WARNING: Lettering = { size: 12, weight: 400, fill: '#9a3412' };
/** Thin, on top of a bar and beyond its end. */
export const WHISKER = INK;
