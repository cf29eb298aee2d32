import { resolverAdapter } from '../resolvers/resolver-adapter.ts';
import type { SourceAdapter } from '../source-port.ts';
import { ffmpegAdapter } from './ffmpeg/ffmpeg-adapter.ts';

/** Sources that the shard does not read by itself. */
export const sourceAdapters: readonly SourceAdapter[] = [ffmpegAdapter, resolverAdapter()];
