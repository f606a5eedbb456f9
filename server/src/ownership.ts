import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Who owns the file and its folder, and who this process is: a sentence for whoever may not write there. */
export function ownership(path: string): string {
  const folder = dirname(path);
  const owned = [path, folder].flatMap((place) => {
    const status = lookAt(place);
    return status ? [`${place} belongs to ${nameOf(status.uid)} (mode ${modeOf(status)})`] : [];
  });
  const own = process.getuid?.();
  if (own === undefined || owned.length === 0) return '';
  return `${owned.join(', ')}; this process runs as ${nameOf(own)}.`;
}

function lookAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function nameOf(uid: number): string {
  const name = accounts().get(uid);
  return name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`;
}

function accounts(): Map<number, string> {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid]) => [Number(uid), name]));
  } catch {
    return new Map();
  }
}
