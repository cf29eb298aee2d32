import {
  type Liveness,
  type SourceAdapter,
  type SourceConnection,
  type SourceContext,
  SourceFault,
  SourceRefused,
  type SourceSpecLike,
} from '../source-port.ts';
import { chooseQualities, type Resolution } from './qualities.ts';
import { type ResolverName, runResolver } from './run-resolver.ts';

/** A look that found it live serves the opening that follows, and nothing later: addresses expire. Milliseconds. */
const freshMs = 10_000;

/**
 * Pages behind which a program of the node finds a live stream: streamlink or yt-dlp. They are asked anew for every
 * connection, because addresses expire; the media then come by our own adapters or ffmpeg.
 */
export function resolverAdapter(): SourceAdapter {
  const fresh = new Map<string, { readonly at: number; readonly resolution: Resolution }>();
  const look = async (spec: SourceSpecLike, context: SourceContext) =>
    await runResolver(resolverOf(spec), spec.url, context);
  return {
    kinds: ['resolver'],
    pollMs: 15_000,
    openMs: 60_000,
    async probe(spec, context): Promise<Liveness> {
      const resolution = await look(spec, context);
      if (resolution.state === 'live') {
        if (fresh.size > 200) fresh.clear();
        fresh.set(placeOf(spec, context), { at: context.clock.monotonic(), resolution });
        return { state: 'live', ...(resolution.title ? { title: resolution.title } : {}) };
      }
      const { reason } = resolution;
      if (resolution.state === 'offline') return { state: 'offline', reason };
      return {
        state: 'unknown',
        reason,
        ...(resolution.state === 'unknown' ? {} : { retryAfterMs: 60_000 }),
      };
    },
    async open(spec, context): Promise<SourceConnection> {
      const place = placeOf(spec, context);
      const known = fresh.get(place);
      fresh.delete(place);
      const resolution =
        known && context.clock.monotonic() - known.at < freshMs
          ? known.resolution
          : await look(spec, context);
      if (resolution.state !== 'live') {
        if (resolution.state === 'unknown') throw new SourceFault(resolution.reason);
        throw new SourceRefused(
          resolution.state,
          resolution.reason,
          {},
          resolution.state === 'offline' ? undefined : 60_000,
        );
      }
      const choice = chooseQualities(resolution.qualities, context.qualities);
      // After a failure another server with the same picture, where there is one.
      const quality = choice[context.attempt % Math.max(1, choice.length)];
      if (!quality) throw new SourceRefused('unusable', 'no_quality');
      const { kind, url, headers, name } = quality;
      const connection = await context.delegate({ kind, url, headers });
      context.onMeta({ quality: name, ...(resolution.title ? { title: resolution.title } : {}) });
      return connection;
    },
  };
}

const placeOf = (spec: SourceSpecLike, { scratchDir }: SourceContext) =>
  `${resolverOf(spec)} ${scratchDir} ${spec.url}`;

function resolverOf(spec: SourceSpecLike): ResolverName {
  const name = 'resolver' in spec ? spec.resolver : undefined;
  if (name === 'streamlink' || name === 'yt-dlp') return name;
  throw new SourceRefused('unusable', 'no_resolver');
}
