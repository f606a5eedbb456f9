import { run } from './run.ts';

/** The system's package manager, where we may use it: Debian's, as root. */
export class SystemPackages {
  #updated = false;

  /** Null when they are installed, else why not. */
  install(...names: readonly string[]): string | null {
    if (run('apt-get', ['--version']) !== null)
      return `install ${names.join(' and ')} by hand: there is no apt-get`;
    if (process.getuid?.() !== 0) return `install ${names.join(' and ')} by hand: only root may`;
    const failed = this.#update();
    if (failed !== null) return failed;
    return aptGet('install', '--yes', '--no-install-recommends', ...names);
  }

  #update(): string | null {
    if (this.#updated) return null;
    this.#updated = true;
    return aptGet('update');
  }
}

function aptGet(...args: readonly string[]): string | null {
  return run('apt-get', ['--quiet', '--option', 'DPkg::Lock::Timeout=120', ...args], {
    DEBIAN_FRONTEND: 'noninteractive',
  });
}
