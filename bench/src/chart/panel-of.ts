import { bytes as grouped } from '../report.ts';
import { describePinning } from '../run-options.ts';
import { drawings } from './drawings.ts';
import type { Fields } from './fields.ts';
import type { Panel } from './panel.ts';

/** Throws for a document of an unknown scenario, or one that lacks what is drawn. */
export function panelOf(document: Fields): Panel {
  const scenario = document.text('scenario');
  const drawing = drawings.get(scenario);
  if (drawing === undefined) {
    throw new Error(`no drawing for scenario "${scenario}"; there are ${[...drawings.keys()].join(', ')}`);
  }
  const options = document.fields('options');
  const what = drawing.conditions((option) => grouped(options.number(option)), options);
  const parts = (drawing.parts ?? []).map((part) => document.fields(part));
  return {
    title: drawing.title,
    conditions: [what, [roundsOf(options), pinningOf(document)].filter((said) => said !== '').join('; ')],
    groups: drawing.groups(document),
    remarks: shortened([document, ...parts].flatMap((part) => part.list('remarks').map(String))),
  };
}

function roundsOf(options: Fields): string {
  const count = options.number('rounds');
  const rounds = count === 1 ? 'one round' : `${count} rounds`;
  if (options.value('seconds') === undefined) return rounds;
  return `${rounds} of ${options.number('seconds')} s after ${options.number('warmupSeconds')} s of warm-up`;
}

/** Empty where the document does not say. */
function pinningOf(document: Fields): string {
  const pinning = document.value('pinning');
  if (pinning === undefined) return '';
  if (pinning === null) return describePinning(null);
  const cores = document.fields('pinning');
  return describePinning({ server: cores.number('server'), load: cores.number('load') });
}

/** Remarks begin with their kind in capitals. The only one of a kind is left as it is, several are counted. */
function shortened(remarks: readonly string[]): string[] {
  const kindOf = (remark: string) => remark.match(/^[A-Z-]+/)?.[0] ?? 'other';
  return [...new Set(remarks.map(kindOf))].map((kind) => {
    const ofKind = remarks.filter((remark) => kindOf(remark) === kind);
    return ofKind.length === 1 ? ofKind.join() : `${kind} ${ofKind.length} times`;
  });
}
