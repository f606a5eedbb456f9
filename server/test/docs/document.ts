import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** A fenced block of a document, with the comment that stands in front of it. */
export interface Block {
  readonly language: string;
  /** Empty when there is none. */
  readonly mark: string;
  readonly code: string;
}

/** A document below `docs/`. */
export class Document {
  readonly text: string;
  readonly blocks: readonly Block[];

  constructor(name: string) {
    this.text = readFileSync(join(root, 'docs', name), 'utf8');
    const fenced = /(?:<!-- ([^\n]+) -->\n)?```(\w+)\n([\s\S]*?)\n```/g;
    this.blocks = [...this.text.matchAll(fenced)].map(([, mark = '', language = '', code = '']) => {
      return { language, mark, code };
    });
  }

  /** The block that is marked `<!-- file NAME -->`. */
  file(name: string): string {
    const block = this.blocks.find(({ mark }) => mark === `file ${name}`);
    if (!block) throw new Error(`no block is marked as the file ${name}`);
    return `${block.code}\n`;
  }

  /** The only block with this mark. */
  marked(mark: string): string {
    const found = this.blocks.filter((block) => block.mark === mark);
    const [block] = found;
    if (!block || found.length > 1) throw new Error(`${found.length} blocks are marked ${mark}`);
    return block.code;
  }
}

/** As GitHub makes them from headings. */
export function anchorsOf(text: string): string[] {
  const headings = text.match(/^#+ .+$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The texts of `…, prints TEXT then TEXT`. */
export function textsOf(mark: string): string[] {
  const [, texts] = /, prints (.+)$/.exec(mark) ?? [];
  return texts === undefined ? [] : texts.split(' then ');
}

/** Where the first text is missing that should stand behind those before it; null when all are there in order. */
export function missing(output: string, texts: readonly string[]): string | null {
  let from = 0;
  for (const text of texts) {
    const at = output.indexOf(text, from);
    if (at < 0) return text;
    from = at + text.length;
  }
  return null;
}
