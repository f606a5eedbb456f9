const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90`, `90s`, `15m`, `1h`, `7d` as seconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,8})([smhd]?)$/.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * (units[match[2] || 's'] ?? 1);
}
