import type { SegmentFacts } from '../recorder/media.ts';
import type { SourceContainer } from '../source-port.ts';
import { scanFlv } from './scan-flv.ts';
import { scanFmp4 } from './scan-fmp4.ts';
import { scanTs } from './scan-ts.ts';

/** What a segment holds, by reading all of it. */
export async function scanSegment(
  path: string,
  container: SourceContainer,
  baseMs: number,
): Promise<SegmentFacts> {
  if (container === 'flv') return await scanFlv(path, baseMs);
  return container === 'ts' ? await scanTs(path, baseMs) : await scanFmp4(path);
}
