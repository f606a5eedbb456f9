const STALL_SECONDS = 3;
const CHECK_MS = 250;

/** What is watched: whether it can go on, and how far it has come. */
export interface Watched {
  /** Why it cannot go on, or null. */
  failure(): string | null;
  progress(): number;
  /** What comes while all is well, as in "no delivery came". */
  readonly unit: string;
  /** For how long nothing may come, seconds. @default 3 */
  readonly patience?: number;
}

/** Aborts when it cannot go on, or when nothing has come for too long; the reason says which. */
export function watchForStall(watched: Watched): { signal: AbortSignal; stop(): void } {
  const stalled = new AbortController();
  const patience = watched.patience ?? STALL_SECONDS;
  let last = { progress: -1, at: performance.now() };
  const timer = setInterval(() => {
    const failure = watched.failure();
    const progress = watched.progress();
    if (failure !== null) stalled.abort(new Error(failure));
    else if (progress !== last.progress) last = { progress, at: performance.now() };
    else if (performance.now() - last.at > patience * 1000)
      stalled.abort(new Error(`no ${watched.unit} came for ${patience} seconds`));
  }, CHECK_MS);
  return { signal: stalled.signal, stop: () => clearInterval(timer) };
}
