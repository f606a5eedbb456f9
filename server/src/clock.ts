/** Time and timers, injected so that tests can move them. */
export interface Clock {
  /** Unix milliseconds: for what carries a time, as messages and tokens do. It leaps, forwards or back, when the system's time is set. */
  now(): number;
  /** Milliseconds since some moment of this thread's: for every span of time. Never goes back, whatever is set. */
  monotonic(): number;
  /** Calls `run` about every `ms` until the returned function is called. Never keeps the process alive. */
  every(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
