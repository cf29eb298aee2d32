import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Capability } from '@backlot/contract';
import { type CapabilityProbe, programFile } from '@backlot/node/workload';
import { z } from 'zod';
import { RECORDER } from '../../contract.ts';
import { readIngestSettings } from '../ingest/settings.ts';
import { shardAdapters } from '../shard/adapters.ts';

const proveProgram = programFile(import.meta.url, './prove-main');
const proveResolverProgram = programFile(import.meta.url, './prove-resolver-main');
const proveMs = 40_000;
const askMs = 30_000;

const Said = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), pictures: z.number(), bytes: z.number() }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);

/** Sources that ffmpeg reads for us, by the protocol that a build must have for it. */
const byFfmpeg = ['rtmp', 'rtsp', 'srt'] as const;

/** Sources that a shard reads by itself. */
const inProcess = () =>
  shardAdapters.flatMap(({ kinds }) => kinds).filter((kind) => kind === 'http-flv' || kind === 'hls');

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The recorder, proved by a second of a generated stream that goes through the real one: over HTTP, into segments, counted.
 * Its features are the kinds of sources that this node can reach. The resolvers are capabilities of their own.
 */
export const recorderProbe: CapabilityProbe = {
  name: RECORDER,
  async fingerprint({ env }) {
    return [process.execPath, proveProgram, proveResolverProgram, ...toolPaths(env)];
  },
  async probe({ env, run, scratch, log, signal }) {
    const proved = await run([process.execPath, '--no-warnings', proveProgram, join(scratch, 'proof')], {
      timeoutMs: proveMs,
      signal,
      env: { PATH: env.PATH ?? '' },
    });
    const said = parse(proved.stdout.toString('utf8'));
    if (!said?.ok) {
      const reason = said?.reason ?? (proved.timedOut ? 'ran out of time' : `ended with ${proved.code}`);
      log.warn(
        { reason, stderr: proved.stderr.toString('latin1').slice(-1_000) },
        'recording can’t be proved',
      );
      return [];
    }
    const ask = async (argv: readonly string[]) => {
      const { code, stdout } = await run(argv, {
        timeoutMs: askMs,
        signal,
        env: { PATH: env.PATH ?? '', HOME: scratch },
      });
      return code === 0 ? stdout.toString('utf8') : '';
    };
    const ffmpeg = find(env.BACKLOT_FFMPEG || 'ffmpeg', env);
    const protocols = ffmpeg ? await ask([ffmpeg, '-hide_banner', '-protocols']) : '';
    // RTSP is a format of ffmpeg's, not a protocol.
    const formats = ffmpeg ? await ask([ffmpeg, '-hide_banner', '-demuxers']) : '';
    const pulled = byFfmpeg.filter((kind) =>
      new RegExp(`\\b${kind}\\b`).test(kind === 'rtsp' ? formats : protocols),
    );
    const ingest = ingestOf(env);
    const provedAt = new Date().toISOString();
    const recorder: Capability = {
      name: RECORDER,
      features: [...inProcess(), ...(ingest ? ['push'] : []), ...pulled].sort(),
      details: ingest ? { ingest } : {},
      proof: `recorded ${said.pictures} pictures of a generated stream, ${said.bytes} bytes`,
      provedAt,
    };
    const resolvers: Capability[] = [];
    for (const [name, variable] of resolverTools) {
      const path = find(env[variable] || name, env);
      const version = path ? /\d+(\.\d+)+/.exec(await ask([path, '--version']))?.[0] : undefined;
      if (!path || !version) continue;
      const tried = await run(
        [process.execPath, '--no-warnings', proveResolverProgram, name, join(scratch, name)],
        {
          timeoutMs: proveMs,
          signal,
          env: { PATH: env.PATH ?? '', [variable]: path },
        },
      );
      const proof = 'found a live stream in two qualities on loopback';
      if (tried.code === 0)
        resolvers.push({ name, version, features: [], details: { path }, proof, provedAt });
      else log.warn({ name, said: tried.stdout.toString('utf8').slice(-500) }, 'this resolver finds nothing');
    }
    return [recorder, ...resolvers];
  },
};

const resolverTools = [
  ['streamlink', 'BACKLOT_STREAMLINK'],
  ['yt-dlp', 'BACKLOT_YT_DLP'],
] as const;

function toolPaths(env: Environment): string[] {
  const names = [
    env.BACKLOT_FFMPEG || 'ffmpeg',
    ...resolverTools.map(([name, variable]) => env[variable] || name),
  ];
  return names.flatMap((name) => find(name, env) ?? []);
}

/** Where publishers would come to; undefined where the settings make no sense. */
function ingestOf(env: Environment): { port: number; tlsPort?: number } | undefined {
  try {
    const { port, tls } = readIngestSettings(env);
    return { port, ...(tls ? { tlsPort: tls.port } : {}) };
  } catch {
    return undefined;
  }
}

/** A program by its path or by its name on the path. */
function find(name: string, env: Environment): string | undefined {
  const endings = process.platform === 'win32' ? ['', '.exe', '.cmd'] : [''];
  const folders = isAbsolute(name) ? [''] : (env.PATH ?? '').split(delimiter);
  return folders
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function parse(text: string): z.infer<typeof Said> | undefined {
  try {
    return Said.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
  } catch {
    return undefined;
  }
}
