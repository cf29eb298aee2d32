import { shardAdapters } from './adapters.ts';
import { serveShard } from './serve-shard.ts';

/** A recorder shard of a node: up to fifty channels in one process. */
await serveShard({ adapters: shardAdapters });
