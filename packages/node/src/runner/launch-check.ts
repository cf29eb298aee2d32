import type { LaunchFile } from '@backlot/contract/runner/files';

/**
 * Checks a launch file as far as the runner depends on it. The agent has checked it against the whole schema before
 * writing it; the runner does without the schema library, which would double its memory and the time it takes to start.
 */
export function checkLaunch(value: unknown): LaunchFile {
  if (typeof value !== 'object' || value === null)
    throw new Error('launch.json is missing or not an object.');
  const launch = value as Partial<LaunchFile>;
  if (launch.v !== 1)
    throw new Error(`launch.json has version ${String(launch.v)}; this runner knows version 1.`);
  const isText = (item: unknown) => typeof item === 'string';
  const faults = [
    !isText(launch.allocation) && 'allocation',
    !(Array.isArray(launch.argv) && launch.argv.length > 0 && launch.argv.every(isText)) && 'argv',
    !(launch.env && Object.values(launch.env).every(isText)) && 'env',
    !isText(launch.cwd) && 'cwd',
    !isText(launch.control) && 'control',
    !(launch.logs && launch.logs.segmentBytes > 0 && launch.logs.totalBytes > 0) && 'logs',
    !(launch.group && isText(launch.group.name)) && 'group',
    !launch.stop && 'stop',
    !Array.isArray(launch.guard) && 'guard',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new Error(`launch.json lacks ${faults.join(', ')}.`);
  return launch as LaunchFile;
}
