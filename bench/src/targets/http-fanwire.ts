import { fanwire, fanwireMemory, fanwireWorkers } from './fanwire.ts';
import { API_KEY, type HttpTarget } from './http-target.ts';
import type { Target } from './target.ts';

/** As a back end uses it: with an API key, which closes the API to everybody else. */
function withApiKey({ name, title, version, launch }: Target): HttpTarget {
  return {
    name,
    title: `${title}, API key`,
    version,
    launch: {
      ...launch,
      environment: (directory) => ({
        ...launch.environment(directory),
        WS_API_KEYS: `bench:publish+read:${API_KEY}`,
      }),
    },
    keeps: true,
  };
}

export const httpFanwire = withApiKey(fanwire);
export const httpFanwireWorkers = withApiKey(fanwireWorkers);
export const httpFanwireMemory = withApiKey(fanwireMemory);
