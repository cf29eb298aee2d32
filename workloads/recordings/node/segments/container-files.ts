import type { SourceContainer } from '../source-port.ts';

/** How files of a container are called, and what they are. */
export const containerFiles: Readonly<
  Record<SourceContainer, { readonly ending: string; readonly mediaType: string }>
> = {
  flv: { ending: 'flv', mediaType: 'video/x-flv' },
  ts: { ending: 'ts', mediaType: 'video/mp2t' },
  fmp4: { ending: 'mp4', mediaType: 'video/mp4' },
};
