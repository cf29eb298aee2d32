import type { UploadMemory } from '@backlot/sdk/uploads';

const prefix = 'backlot.upload ';

/**
 * Addresses of unfinished uploads on this device: choosing the same file again, even after the browser was
 * closed, goes on where the upload stopped. Where storage is forbidden, it starts again.
 */
export const browserUploadMemory: UploadMemory = {
  get: (key) => attempt(() => localStorage.getItem(prefix + key) ?? undefined),
  set: (key, address) => attempt(() => localStorage.setItem(prefix + key, address)),
  delete: (key) => attempt(() => localStorage.removeItem(prefix + key)),
};

async function attempt<T>(act: () => T): Promise<T | undefined>;
async function attempt(act: () => void): Promise<void>;
async function attempt<T>(act: () => T): Promise<T | undefined> {
  try {
    return act();
  } catch {
    return undefined;
  }
}
