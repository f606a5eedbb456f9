import { distance } from './distance.ts';
import { shown } from './problems.ts';
import { namesOf, rows } from './schema.ts';

const groups = [...new Set(rows.map(({ group }) => group))];

/** What to say about a group that does not exist. */
export function unknownGroup(name: string): string {
  const path = pathOfVariable(name) ?? nearest(name, groups) ?? pathsOfKey(name);
  const advice = path === undefined ? `the groups are ${groups.join(', ')}.` : `did you mean ${path}?`;
  return `unknown group ${shown(name)}; ${advice}`;
}

/** What to say about a setting that its group does not have. */
export function unknownKey(group: string, name: string): string {
  const keys = rows.filter((row) => row.group === group).map(({ key }) => key);
  const near = nearest(name, keys);
  const path = near === undefined ? (pathOfVariable(name) ?? pathsOfKey(name)) : `${group}.${near}`;
  const advice = path === undefined ? `${group} has ${keys.join(', ')}.` : `did you mean ${path}?`;
  return `unknown setting ${shown(`${group}.${name}`)}; ${advice}`;
}

/** Someone wrote the environment's name. */
function pathOfVariable(name: string): string | undefined {
  const row = rows.find(({ setting }) => namesOf(setting).includes(name.toUpperCase()));
  return row && `${row.group}.${row.key}`;
}

/** The setting is in another group. */
function pathsOfKey(name: string): string | undefined {
  const paths = rows
    .filter(({ key }) => plain(key) === plain(name))
    .map(({ group, key }) => `${group}.${key}`);
  return paths.length === 0 ? undefined : paths.join(' or ');
}

/** A name may also be the mistyped beginning of what was meant: `heartbeat` of `heartbeatInterval`. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const written = plain(name);
  const ranked = candidates
    .map((candidate) => ({ candidate, full: plain(candidate) }))
    .map(({ candidate, full }) => ({
      candidate,
      far: distance(written, full),
      begins: distance(written, full.slice(0, written.length)),
    }))
    .filter(({ far, begins }) => Math.min(far, begins) <= Math.max(1, Math.floor(written.length / 4)))
    .sort((a, b) => Math.min(a.far, a.begins) - Math.min(b.far, b.begins) || a.far - b.far);
  return ranked[0]?.candidate;
}

/** `max_connections`, `max-connections` and `maxConnections` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
