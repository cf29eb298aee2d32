/** The newest set-up of a stream's decoder, as its tag carries it. */
export interface StoredConfig {
  readonly type: number;
  readonly codec: string;
  readonly body: Buffer;
}

/** In each segment's own metadata: `file time + this = source time`, in milliseconds, so that a file alone tells its place. */
export const FLV_BASE = 'backlotBaseMs';
