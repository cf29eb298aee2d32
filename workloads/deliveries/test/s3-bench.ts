import { join } from 'node:path';
import { type S3Stub, startS3Stub } from '@backlot/testkit/s3-stub';
import type { WorkRequest } from '../node/work/request.ts';
import { makeNoise, openWorkFolder, type WorkFolder } from '../testing/work-process.ts';

export const MiB = 1024 ** 2;
/** The least that S3 takes. */
export const partSize = 5 * MiB;
/** For what comes as soon as another process has got so far. */
export const soon = { timeout: 60_000, interval: 10 };

type Noise = Awaited<ReturnType<typeof makeNoise>>;

/** A store that speaks S3, and a node's folder to send to it from. */
export interface S3Bench {
  readonly stub: S3Stub;
  readonly folder: WorkFolder;
  /** The stub's, or one that stands between, at another address. */
  target(endpoint?: string): Pick<WorkRequest['target'], 'kind' | 'settings' | 'secrets'>;
  /** A file of so many bytes of noise, to be sent to `in/{path}`. */
  upload(
    bytes: number,
    path?: string,
    more?: { readonly onOther?: 'rename' | 'fail'; readonly endpoint?: string },
  ): Promise<{ readonly source: Noise; readonly request: WorkRequest }>;
  close(): Promise<void>;
}

export async function openS3Bench(): Promise<S3Bench> {
  const [stub, folder] = await Promise.all([startS3Stub(), openWorkFolder()]);
  const target = (endpoint = stub.endpoint) => ({
    kind: 's3' as const,
    settings: {
      endpoint,
      bucket: stub.bucket,
      region: 'us-east-1',
      prefix: 'in',
      pathStyle: true,
      partSize,
    },
    secrets: { accessKey: stub.accessKey, secretKey: stub.secretKey },
  });
  return {
    stub,
    folder,
    target,
    async upload(bytes, path = 'film.mp4', { onOther = 'rename', endpoint } = {}) {
      const source = await makeNoise(join(folder.root, `noise-${bytes}`), bytes);
      return { source, request: folder.request(target(endpoint), { do: 'upload', path, onOther, source }) };
    },
    async close() {
      await folder.close();
      await stub.close();
    },
  };
}
