/**
 * Awaits what each of them owes, and returns it by name, in the same order. Throws for the first that fails, and at
 * the deadline for all that are missing.
 */
export async function everyone<T>(
  what: string,
  owed: ReadonlyMap<string, Promise<T>>,
  deadline: AbortSignal,
): Promise<Map<string, T>> {
  const missing = new Set(owed.keys());
  const all = [...owed].map(async ([name, promise]): Promise<[string, T]> => {
    try {
      const value = await promise;
      missing.delete(name);
      return [name, value];
    } catch (thrown) {
      throw new Error(`${what}: ${name}: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const give = (): void =>
    reject(new Error(`${what}: missing: ${[...missing].join(', ')} (${deadline.reason})`));
  deadline.addEventListener('abort', give);
  try {
    if (deadline.aborted) give();
    return new Map(await Promise.race([Promise.all(all), late]));
  } finally {
    deadline.removeEventListener('abort', give);
  }
}
