import { doorsOf, openTo } from '../config/doors.ts';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../transport/node.ts';

/** Writes down at the start who is let in; in production also that strangers may write. */
export function announce(settings: Settings, log: Log): void {
  const doors = doorsOf(settings);
  log.info({ doors }, 'who is let in');
  for (const warning of settings.warnings) log.warn({ warning }, 'a setting is not as it was written');
  const open = openTo(doors);
  if (!settings.production || open.length === 0 || settings.guests.may !== 'all') return;
  log.warn(
    { dialects: open },
    'anybody may publish: ANONYMOUS is all, and these dialects need no credentials in production',
  );
}
