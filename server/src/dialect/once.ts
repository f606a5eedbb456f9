/** Encodes for the first of those who are told the same, one after the other; the others get the same text. */
export function once<Told extends object>(encode: (told: Told) => string): (told: Told) => string {
  let last: Told | null = null;
  let text = '';
  return (told) => {
    if (last !== told) {
      text = encode(told);
      last = told;
    }
    return text;
  };
}
