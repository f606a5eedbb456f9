/** How this command is called by whoever reads about it: in a clone, or under npm, it is not on the path. */
export function commandName(): string {
  return process.env.npm_lifecycle_event === undefined ? 'fanwire' : 'npx fanwire';
}
