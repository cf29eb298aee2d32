import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlvOrigin } from '../../workloads/recordings/test/sources/flv-origin.ts';
import { makeSample } from '../../workloads/recordings/test/sources/sample.ts';

/** The live source of the bench, in a process of its own: one stream of the rate that is asked for, for any number of viewers. */
const [rate = '2900k'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'backlot-bench-origin-'));
const sample = makeSample(folder, { seconds: 12, gopSeconds: 2, size: '1280x720', fps: 30, rate });
rmSync(folder, { recursive: true, force: true });
const origin = await FlvOrigin.open({ sample, forgetful: true });
process.send?.({ url: origin.url });
process.on('disconnect', () => process.exit(0));
