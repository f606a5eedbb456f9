import { parseDuration } from '../duration.ts';

/** A time for people, in the time zone of this machine: `2026-11-21 07:45:12.123`. */
export function localTime(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/**
 * Unix milliseconds of a time as people write it: `1690000000123` (those milliseconds), `15m` (that long ago),
 * `2026-11-21T07:45Z`, or in this machine's time zone `2026-11-21` and `2026-11-21 07:45`. Null for anything else.
 */
export function parseTime(text: string, now: number): number | null {
  if (/^(?:0|\d{11,16})$/.test(text)) return Number(text);
  const ago = /[smhd]$/.test(text) ? parseDuration(text) : null;
  if (ago !== null) return Math.max(0, now - ago * 1000);
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(
    text,
  );
  if (!match) return null;
  const [, day, clock = '00:00', zone = ''] = match;
  const time = Date.parse(`${day}T${clock}${zone}`);
  return Number.isNaN(time) || time < 0 ? null : time;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
