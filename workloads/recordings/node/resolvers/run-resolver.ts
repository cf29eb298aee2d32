import { mkdirSync } from 'node:fs';
import { sourceReason } from '../../contract/source-phrases.ts';
import { SourceRefused } from '../source-port.ts';
import { ChildTree, childEnvironment } from '../sources/child-tree.ts';
import { readAddress } from '../sources/source-address.ts';
import type { Resolution } from './qualities.ts';
import { readStreamlink } from './read-streamlink.ts';
import { readYtDlp } from './read-yt-dlp.ts';

export type ResolverName = 'streamlink' | 'yt-dlp';

/** How each is started; the address follows as one more argument, behind `--` where the tool knows it. */
const programs: Readonly<
  Record<
    ResolverName,
    {
      readonly variable: string;
      readonly options: readonly string[];
      readonly read: (stdout: string, stderr: string) => Resolution;
    }
  >
> = {
  streamlink: {
    variable: 'BACKLOT_STREAMLINK',
    // Its configuration and side-loaded plugins live under HOME, which is an empty folder here.
    options: ['--json', '--http-timeout', '10', '--'],
    read: readStreamlink,
  },
  'yt-dlp': {
    variable: 'BACKLOT_YT_DLP',
    options: [
      ...['--ignore-config', '--no-cache-dir', '--no-playlist', '--no-warnings', '--no-color'],
      ...['--socket-timeout', '10', '--retries', '0', '--extractor-retries', '0', '--dump-single-json', '--'],
    ],
    read: readYtDlp,
  },
};

/** A platform takes a second or three; longer than this and it is asked again later. Milliseconds. */
const limitMs = 45_000;
const maxOutput = 16 * 1024 * 1024;

/**
 * Asks a resolver of this node what is behind a page. Its process gets an empty home, no configuration and no shell; the
 * address is one argument.
 * @throws SourceRefused when the address is none or the program is not there; the signal's reason when aborted
 */
export async function runResolver(
  name: ResolverName,
  url: string | undefined,
  {
    scratchDir,
    env,
    signal,
  }: { scratchDir: string; env: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<Resolution> {
  const { variable, options, read } = programs[name];
  const address = readAddress(url, ['http', 'https']);
  signal.throwIfAborted();
  const home = `${scratchDir}/home`;
  mkdirSync(home, { recursive: true });
  const child = new ChildTree([env[variable] || name, ...options, address.url], {
    cwd: home,
    env: childEnvironment(env, home),
  });
  const parts: Buffer[] = [];
  let length = 0;
  child.process.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxOutput) child.kill();
    else parts.push(chunk);
  });
  child.process.stdout?.on('error', () => {});
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const stop = () => child.kill();
  limit.addEventListener('abort', stop, { once: true });
  await child.closed;
  limit.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (/^spawn: /m.test(child.said))
    throw new SourceRefused('unusable', 'no_tool', { tool: name, variable }, 60_000);
  if (limit.aborted)
    return { state: 'unknown', reason: sourceReason('too_late', { tool: name, seconds: limitMs / 1_000 }) };
  return read(Buffer.concat(parts).toString('utf8'), child.said);
}
