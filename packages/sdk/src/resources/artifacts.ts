import { Artifact, type ArtifactQuery } from '@backlot/contract/api/artifacts';
import { Page } from '@backlot/contract/api/common';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';
import { type UploadOptions, type UploadResult, uploadFile } from '../uploads.ts';

/** Files that tasks made or use. */
export class ArtifactsApi extends Resource {
  list(
    query: QueryOf<typeof ArtifactQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Artifact, void, undefined> {
    return this.every('/api/v1/artifacts', Page(Artifact), query, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<Artifact> {
    return this.transport.call('GET', `/api/v1/artifacts/${segment(id)}`, Artifact, withSignal(signal));
  }

  /** Its bytes, from `from` on. The owner of the answer reads its body or cancels it. */
  content(
    id: string,
    options: { readonly from?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    const { from = 0, signal } = options;
    return this.transport.send('GET', `/api/v1/artifacts/${segment(id)}/content`, {
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      ...withSignal(signal),
    });
  }

  /** Sends a file, resumable, and only when the project does not have these bytes yet. */
  upload(file: Blob, options: UploadOptions): Promise<UploadResult> {
    return uploadFile(this.transport, file, options);
  }

  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.transport.run('DELETE', `/api/v1/artifacts/${segment(id)}`, withSignal(signal));
  }
}
