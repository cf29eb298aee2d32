import { hlsAdapter } from '../hls/hls-adapter.ts';
import { httpFlvAdapter } from '../http-flv/http-flv-adapter.ts';
import type { SourceAdapter } from '../source-port.ts';
import { sourceAdapters } from '../sources/index.ts';

/** All ways to a source that a recorder shard knows. */
export const shardAdapters: readonly SourceAdapter[] = [httpFlvAdapter, hlsAdapter, ...sourceAdapters];
