import { readFileSync } from 'node:fs';
import { messageOf } from '../../../server/src/load/message-of.ts';
import { draw } from './draw.ts';
import { Fields } from './fields.ts';
import { footerOf } from './footer.ts';
import { panelOf } from './panel-of.ts';

/** The SVG of what these files say. Throws an error that names the file for one that cannot be drawn. */
export function chartOf(files: readonly string[]): string {
  const read = files.map((file) => {
    try {
      const document = new Fields(JSON.parse(readFileSync(file, 'utf8')), 'the document');
      // The footer of one alone is made for its errors.
      footerOf([document]);
      return { document, panel: panelOf(document) };
    } catch (error) {
      throw new Error(`cannot draw ${file}: ${messageOf(error)}`, { cause: error });
    }
  });
  const footer = footerOf(read.map(({ document }) => document));
  return draw(
    read.map(({ panel }) => panel),
    footer,
  );
}
