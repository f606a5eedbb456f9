/** How figures are written for people. */

/** Three digits: 1234567 → `1.23 M`, 12345 → `12.3 k`. */
export function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} k`;
  return value.toPrecision(3);
}

/** Of a share of one. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}
