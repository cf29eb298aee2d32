/**
 * The folder that paths typed by a person start from. `npm run backlot -- …` starts us in the root of the repository, wherever
 * the person stands; npm says in `INIT_CWD` where that is.
 */
export function whereOneStands(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  return env.npm_lifecycle_event === 'backlot' && env.INIT_CWD ? env.INIT_CWD : cwd;
}
