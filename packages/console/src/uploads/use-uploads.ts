import { systemClock } from '@backlot/contract/clock';
import { uploadFile } from '@backlot/sdk/uploads';
import { useSyncExternalStore } from 'react';
import { transport } from '../api/transport.ts';
import { digestInWorker } from './digest.ts';
import { type Upload, UploadList } from './upload-list.ts';
import { browserUploadMemory } from './upload-memory.ts';

const lists = new Map<string, UploadList>();

/**
 * The uploads of one purpose (`new-render`) into one project. The list belongs to the tab, not to the page that
 * shows it: going elsewhere and coming back finds the files where they were.
 */
export function uploadList(purpose: string, projectId: string): UploadList {
  const key = `${purpose}\n${projectId}`;
  const known = lists.get(key);
  if (known) return known;
  const made = new UploadList(
    projectId,
    (file, options) =>
      uploadFile(transport(), file, { ...options, digest: digestInWorker, memory: browserUploadMemory }),
    systemClock,
  );
  lists.set(key, made);
  return made;
}

/** What is in a list now; drawn again with every piece that arrives. */
export function useUploads(list: UploadList): readonly Upload[] {
  return useSyncExternalStore(list.subscribe, list.snapshot);
}
