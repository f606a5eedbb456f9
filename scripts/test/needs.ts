import {
  chromium,
  listed,
  type Need,
  needs,
  python,
  pythonDirectory,
  pythonModules,
  pythonPackages,
} from '../../server/test/support/needs.ts';
import { run } from './run.ts';
import { SystemPackages } from './system-packages.ts';

interface Provider {
  /** Null when it is there and works, else what is wrong. */
  problem(): string | null;
  /** Null when it seems to have worked, else why not. */
  install(packages: SystemPackages): string | null;
}

const providers: Readonly<Record<Need, Provider>> = {
  sqlite3: {
    problem: () => run('sqlite3', ['--version']),
    install: (packages) => packages.install('sqlite3'),
  },
  curl: {
    problem: () => run('curl', ['--version']),
    install: (packages) => packages.install('curl'),
  },
  python: {
    problem: () => run(python, ['-c', `import ${pythonModules.join(', ')}`]),
    install: installPython,
  },
  browser: {
    problem: () => run(chromium, ['--version', '--no-sandbox']),
    install: (packages) => packages.install('chromium'),
  },
  nginx: {
    problem: () => run('nginx', ['-v'], { PATH: `${process.env.PATH}:/usr/sbin` }),
    install: (packages) => packages.install('nginx'),
  },
  caddy: {
    problem: () => run('caddy', ['version']),
    install: (packages) => packages.install('caddy'),
  },
};

/** Installs what is not there. Returns what the machine lacks after that, each with the reason. */
export function provide(given: string | undefined): Map<Need, string> {
  const unwanted = listed(given);
  const packages = new SystemPackages();
  const lacking = new Map<Need, string>();
  for (const need of needs) {
    const problem = unwanted.includes(need)
      ? 'FANWIRE_TEST_SKIP names it'
      : ensure(providers[need], packages);
    if (problem !== null) lacking.set(need, problem);
  }
  return lacking;
}

function ensure(provider: Provider, packages: SystemPackages): string | null {
  if (provider.problem() === null) return null;
  return provider.install(packages) ?? provider.problem();
}

/** A Python without `venv` is completed by the system's packages; the libraries come from PyPI. */
function installPython(packages: SystemPackages): string | null {
  if (makeEnvironment() !== null) {
    const failed = packages.install('python3', 'python3-venv') ?? makeEnvironment();
    if (failed !== null) return failed;
  }
  return run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...pythonPackages]);
}

function makeEnvironment(): string | null {
  return run('python3', ['-m', 'venv', '--clear', pythonDirectory]);
}
