import type { DigestOptions } from '@backlot/sdk/sha256';
import type { DigestReply, DigestRequest } from './digest-worker.ts';

/**
 * SHA-256 of a file in a worker of its own: gigabytes are read without the page missing a frame. The worker ends
 * with its file, also when the upload is given up.
 */
export function digestInWorker(blob: Blob, { signal, onProgress }: DigestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { type: 'module' });
    const end = () => {
      worker.terminate();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      end();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.addEventListener('message', ({ data }: MessageEvent<DigestReply>) => {
      if ('done' in data) onProgress?.(data.done);
      else {
        end();
        if ('digest' in data) resolve(data.digest);
        else reject(new Error(data.failed));
      }
    });
    worker.addEventListener('error', (event) => {
      end();
      reject(new Error(event.message || 'The worker that reads the file has failed.'));
    });
    worker.postMessage({ blob } satisfies DigestRequest);
  });
}
