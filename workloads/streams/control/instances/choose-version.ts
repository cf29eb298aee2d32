/** What an app starts. `share` is in percent of new instances. */
export interface Release {
  readonly active: number | null;
  readonly canary: { readonly version: number; readonly share: number } | null;
}

/** Whether a version may be started now. */
export type Startable = (version: number) => boolean;

/**
 * The version of the next instance; null when none may be started. A canary that can't be started gives its share to
 * the active version, and never the other way round: whoever releases a canary wants few people to see it.
 *
 * @param random in [0, 1)
 */
export function chooseVersion(release: Release, startable: Startable, random: number): number | null {
  const { active, canary } = release;
  if (canary && random * 100 < canary.share && startable(canary.version)) return canary.version;
  return active !== null && startable(active) ? active : null;
}

/** Whether instances of a version are what an app wants to run now. */
export function isWanted(release: Release, version: number): boolean {
  return version === release.active || version === release.canary?.version;
}
