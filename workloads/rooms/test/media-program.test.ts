import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostSocketVariable } from '@backlot/contract/host/protocol';
import { programFile } from '@backlot/node/workload';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { settingsVariable } from '../node/media/settings.ts';
import { findWorker, noWorker, patience } from '../testing/media-house.ts';

const workerBin = await findWorker();
const folder = mkdtempSync(join(tmpdir(), 'backlot-media-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = programFile(new URL('../node/index.ts', import.meta.url).href, './media/media-main');

describe.skipIf(!workerBin || process.platform !== 'linux')(
  `the program of the media host${workerBin ? '' : `: ${noWorker}`}`,
  () => {
    it('listens where the agent says, and ends with its workers when it is asked to', async () => {
      const socket = join(folder, 'host.sock');
      const settings = { workerBin, workers: 2, listenIp: '127.0.0.1', basePort: 0 };
      const child = spawn(process.execPath, ['--no-warnings', program], {
        env: { [hostSocketVariable]: socket, [settingsVariable]: JSON.stringify(settings) },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await vi.waitFor(() => expect(said).toContain('the media host listens'), patience);
      expect(existsSync(socket)).toBe(true);
      const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
      expect(workers).toHaveLength(2);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await vi.waitFor(() => {
        for (const pid of workers) expect(existsSync(`/proc/${pid}`)).toBe(false);
      }, patience);
    }, 180_000);
  },
);
