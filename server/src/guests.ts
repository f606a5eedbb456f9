/*
 * A guest of the chat goes by a name that anyone can claim. Where users and guests are listed together, guests are kept
 * under a key that is no user's: no user id has a control character. It stands right behind the user of the same name.
 */

const mark = '\tguest';

export function guestKey(name: string): string {
  return name + mark;
}

/** Who stands under a key, as clients are told: `guest` is there for guests alone. */
export function shownAs(key: string): { readonly name: string; readonly guest?: true } {
  return key.endsWith(mark) ? { name: key.slice(0, -mark.length), guest: true } : { name: key };
}
