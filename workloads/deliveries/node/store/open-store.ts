import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import {
  FolderSettings,
  RcloneSecrets,
  RcloneSettings,
  S3Secrets,
  S3Settings,
  WebdavSecrets,
  WebdavSettings,
} from '../../contract.ts';
import { checkName } from '../net/guarded-lookup.ts';
import { files, type WorkRequest } from '../work/request.ts';
import { hostsOfConfig, problemOfConfig } from './rclone/check-config.ts';
import type { Store } from './store.ts';
import { StoreFault } from './store-fault.ts';

/** The store of a target; only what speaks its language is loaded. @throws StoreFault `refused` when its settings can't be used */
export async function openStore({ target, means, pace }: WorkRequest, clock: Clock): Promise<Store> {
  const idle = pace === undefined ? {} : { idleMs: pace.idleMs };
  const { settings, secrets } = target;
  try {
    switch (target.kind) {
      case 's3': {
        const { S3Store } = await import('./s3/s3-store.ts');
        return new S3Store({
          settings: S3Settings.parse(settings),
          keys: S3Secrets.parse(secrets),
          ledgers: join(means.keep, 'parts'),
          now: () => clock.now(),
          ...idle,
        });
      }
      case 'webdav': {
        const { WebdavStore } = await import('./webdav/webdav-store.ts');
        return new WebdavStore({
          settings: WebdavSettings.parse(settings),
          secrets: WebdavSecrets.parse(secrets),
          ...idle,
        });
      }
      case 'rclone': {
        const { RcloneStore } = await import('./rclone/rclone-store.ts');
        const parsed = RcloneSettings.parse(settings);
        const { config } = RcloneSecrets.parse(secrets);
        const problem = problemOfConfig(config, parsed.remote);
        if (problem !== undefined)
          throw new StoreFault('refused', `its configuration can’t be used: ${problem}`);
        // It looks names up by itself, so this is all that can be done: now, and again at every attempt.
        for (const host of hostsOfConfig(config)) await checkName(host);
        return new RcloneStore({
          settings: parsed,
          program: means.rclone ?? 'rclone',
          config: join(means.scratch, files.rcloneConfig),
          home: means.scratch,
          bytesPerSecond: shareOf(target.limits),
        });
      }
      case 'folder': {
        const { FolderStore } = await import('./folder/folder-store.ts');
        return new FolderStore({ folder: FolderSettings.parse(settings).path, allowed: means.folders });
      }
    }
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new StoreFault('refused', `its settings can’t be used: ${words}`, { cause: error });
  }
}

/** The bandwidth of a target is shared evenly by the uploads that may run to it at once on a node. */
export function shareOf(limits: WorkRequest['target']['limits']): number | null {
  return limits.bytesPerSecond === null ? null : Math.max(1_024, limits.bytesPerSecond / limits.parallel);
}
