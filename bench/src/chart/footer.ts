import type { Fields } from './fields.ts';

const GIB = 2 ** 30;

/** When, where and what was measured: each once, however many documents say it. */
export function footerOf(documents: readonly Fields[]): string[] {
  const targets = documents.flatMap((document) => document.each('targets'));
  const titles = targets.map((target) => `${target.text('name')}: ${target.text('title')}`);
  return [
    `Measured ${period(documents.map(dateOf))}.`,
    'Bars are medians of the rounds, whiskers go from the lowest to the highest; ratios are medians round by round.',
    ...new Set(documents.map((document) => machineOf(document.fields('machine')))),
    ...new Set(titles),
  ];
}

function dateOf(document: Fields): Date {
  const date = new Date(document.text('date'));
  if (Number.isNaN(date.getTime())) throw new Error('"date" is no date');
  return date;
}

/** `2026-11-21 16:35 UTC`, or from the first to the last. */
function period(dates: readonly Date[]): string {
  const sorted = dates.map((date) => date.toISOString().slice(0, 16).replace('T', ' ')).sort();
  const [first, last] = [sorted.at(0), sorted.at(-1)];
  return first === last ? `${first} UTC` : `from ${first} to ${last} UTC`;
}

function machineOf(machine: Fields): string {
  const memory = `${(machine.number('memoryBytes') / GIB).toFixed(1)} GiB`;
  const [cpu, platform, node] = ['cpu', 'platform', 'node'].map((name) => machine.text(name));
  return `${cpu}, ${machine.number('cores')} cores, ${memory}, ${platform}; Node ${node}`;
}
