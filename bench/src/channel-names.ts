const DIGITS = 6;

/** `bench-000000` and so on: all of one length, so that every channel's messages are of one length. */
export function channelNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `bench-${String(index).padStart(DIGITS, '0')}`);
}
