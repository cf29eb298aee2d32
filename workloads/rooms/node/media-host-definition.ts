import type { HostDefinition } from '@backlot/node/workload';
import { programFile } from '@backlot/node/workload';
import { MEDIA_HOST, SFU } from '../contract/media/settings.ts';
import { readMediaSettings, settingsVariable } from './media/settings.ts';

const program = programFile(import.meta.url, './media/media-main');

/** The resident process in which all rooms of a node live. It is never recycled: rooms have no natural end. */
export const mediaHost: HostDefinition = {
  kind: MEDIA_HOST,
  async launch({ capabilities }) {
    const sfu = capabilities.find(({ name }) => name === SFU);
    const path = sfu?.details.path;
    if (typeof path !== 'string') throw new Error('This node has no media worker that has proved itself.');
    const settings = readMediaSettings(process.env, path);
    return {
      argv: [process.execPath, '--no-warnings', program],
      env: { [settingsVariable]: JSON.stringify(settings) },
    };
  },
  idleMs: 0,
  capacity: 2_000,
  hungMs: 30_000,
};
