import { sha256OfBlob } from '@backlot/sdk/sha256';

/** Asks for the digest of one file. */
export interface DigestRequest {
  readonly blob: Blob;
}
/** `done` counts bytes; the last message carries the digest or what went wrong. */
export type DigestReply =
  | { readonly done: number }
  | { readonly digest: string }
  | { readonly failed: string };

const reply = (message: DigestReply) => postMessage(message);

addEventListener('message', (event: MessageEvent<DigestRequest>) => {
  sha256OfBlob(event.data.blob, { onProgress: (done) => reply({ done }) }).then(
    (digest) => reply({ digest }),
    (error: unknown) => reply({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
