import { SEGMENT_KIND } from '../../contract/segment.ts';
import type { LedgerRow, OpenSegment, SegmentOutput } from '../ledger/rows.ts';
import { containerFiles } from '../segments/container-files.ts';
import type { FinishedFile } from '../segments/segment-file.ts';
import type { SegmentDescription } from './segment-meta.ts';

/** The row that ends a segment; without a file, nothing was kept of it. */
export function closedRow(
  open: OpenSegment,
  description: SegmentDescription,
  file: FinishedFile | undefined,
): LedgerRow {
  const output: SegmentOutput | null = file
    ? {
        name: open.name,
        kind: SEGMENT_KIND,
        path: open.name,
        mediaType: containerFiles[open.container].mediaType,
        digest: file.digest,
        hold: true,
        meta: { ...description.meta, bytes: file.bytes },
      }
    : null;
  const { run, lossMs, ms } = description;
  return { t: 'closed', name: open.name, output, run, lossMs, bytes: file?.bytes ?? 0, ms };
}
