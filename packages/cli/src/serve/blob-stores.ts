import { join } from 'node:path';
import type { BlobStore } from '@backlot/control/kernel';
import type { ControlSettings } from '../config/control-settings.ts';
import { controlConfig } from './control-config.ts';

/**
 * The store of the installation's files, for a backup or a restore: it writes no rows of its own, because the rows
 * come from the backup.
 */
export async function openBlobStore(settings: ControlSettings): Promise<BlobStore> {
  const { s3, dataDir } = controlConfig(settings);
  if (s3 === undefined) {
    const { openFsBlobStore } = await import('@backlot/control/blobs/fs-blob-store');
    return openFsBlobStore({ directory: join(dataDir, 'blobs') });
  }
  const [{ openS3BlobStore }, { createMemoryLedger }] = await Promise.all([
    import('@backlot/control/blobs/s3-blob-store'),
    import('@backlot/control/blobs/memory-ledger'),
  ]);
  // Not the ledger in the database: while a restore is at work its tables are not there for anybody else.
  return openS3BlobStore({ ...s3, ledger: createMemoryLedger() });
}
