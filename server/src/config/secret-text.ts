/** A secret as it is meant, and whether something around it was cut off. */
export interface SecretText {
  readonly text: string;
  readonly cut: boolean;
}

/**
 * Without what gets around a secret by accident: white space, the line end of a file, a byte order mark, quotes that
 * a shell would have taken away. Of several, each by itself, also behind its name and scopes.
 */
export function cleanSecret(given: string, several: boolean): SecretText {
  const inner = unwrapped(given);
  const text = several ? inner.split(',').map(cleanEntry).join(',') : inner;
  return { text, cut: several ? text !== given.split(',').map(trimmed).join(',') : text !== given };
}

function cleanEntry(entry: string): string {
  const parts = unwrapped(entry).split(':');
  const key = parts.slice(2).join(':');
  return parts.length < 3 ? parts.join(':') : [...parts.slice(0, 2), unwrapped(key)].join(':');
}

function unwrapped(text: string): string {
  const inner = trimmed(text);
  const quoted = /^(["'`])(.*)\1$/s.exec(inner)?.[2];
  return quoted === undefined ? inner : trimmed(quoted);
}

/** Spaces between the entries of a list are usual, and no reason for a word. */
function trimmed(text: string): string {
  return text.replace(/^[\s\uFEFF]+|[\s\uFEFF]+$/g, '');
}
