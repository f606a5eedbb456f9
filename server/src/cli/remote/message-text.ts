/** A message as it was typed: JSON is that value, its text unchanged; anything else is a string. */
export interface TypedMessage {
  /** JSON text. */
  readonly json: string;
  /** It is a string, but looks as if it was meant to be JSON. */
  readonly doubtful: boolean;
}

export function readMessage(text: string): TypedMessage {
  try {
    JSON.parse(text);
    return { json: text, doubtful: false };
  } catch {
    return { json: JSON.stringify(text), doubtful: /^\s*[[{"]/.test(text) };
  }
}
