import { type Block, drawPanel, paragraph, space, stacked } from './draw-panel.ts';
import type { Panel } from './panel.ts';
import { EDGE, FONT, HEADLINE, MARGIN, PAPER, WIDTH } from './style.ts';
import { element, escaped, text } from './svg.ts';
import { panelText } from './words.ts';

const HEADLINE_TEXT = 'Fanwire benchmark';

/** One SVG on a white page of its own: panels one below the other, and lines at its foot. */
export function draw(panels: readonly Panel[], footer: readonly string[]): string {
  const { svg, height: content } = stacked([
    space(22),
    { svg: text(HEADLINE_TEXT, MARGIN, 24, HEADLINE), height: 34 },
    ...panels.flatMap((panel) => [rule(), drawPanel(panel), space(18)]),
    rule(),
    ...footer.map((line) => paragraph(line)),
    space(18),
  ]);
  const height = Math.ceil(content);
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  const naming = { 'aria-labelledby': 'title', 'aria-describedby': 'description' };
  const page = { x: 0.5, y: 0.5, width: WIDTH - 1, height: height - 1, rx: 8, fill: PAPER, stroke: EDGE };
  const document = element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, ...naming, 'font-family': FONT },
    `\n${element('title', { id: 'title' }, HEADLINE_TEXT)}\n`,
    `${element('desc', { id: 'description' }, escaped(panels.map(panelText).join('\n')))}\n`,
    `${element('rect', page)}\n`,
    svg,
    '\n',
  );
  return `${document}\n`;
}

function rule(): Block {
  const line = element('path', { d: `M${MARGIN} 0.5H${WIDTH - MARGIN}`, stroke: EDGE, fill: 'none' });
  return { svg: line, height: 16 };
}
