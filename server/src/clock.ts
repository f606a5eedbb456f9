/** Time and timers, injected so that tests can move them. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls `run` about every `ms` until the returned function is called. Never keeps the process alive. */
  every(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
