import { FanwireError } from '../errors.ts';

/** The promise, or `unavailable` with this message after so many milliseconds. */
export async function within<Value>(ms: number, message: string, promise: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new FanwireError('unavailable', message)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
