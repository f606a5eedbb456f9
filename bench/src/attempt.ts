import { messageOf } from '../../server/src/load/message-of.ts';
import { type Load, type ServerProcess, startLoad, startServer } from './children.ts';
import type { Pinning } from './machine.ts';
import type { Launch } from './targets/target.ts';

/** A measurement's result, or why there is none. */
export type Outcome<R> =
  | { readonly result: R; readonly error: null }
  | { readonly result: null; readonly error: string };

/** Measures with a server and a load process of its own, each on its core, which end with it. Never rejects. */
export async function attempt<R>(
  target: { readonly launch: Launch },
  cores: Pinning | null,
  measure: (server: ServerProcess, load: Load) => Promise<R>,
): Promise<Outcome<R>> {
  try {
    await using server = await startServer(target, { core: cores?.server ?? null, inspect: false });
    await using load = startLoad(cores?.load ?? null);
    const result = await measure(server, load).catch((error: unknown) => {
      throw new Error(server.ended() ?? messageOf(error));
    });
    return { result, error: null };
  } catch (error) {
    return { result: null, error: messageOf(error) };
  }
}
