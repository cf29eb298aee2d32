import type { Layers } from '../../../contract/media/rtp.ts';

/** What decides which layers of a producer there are. */
export interface LayeredProducer {
  readonly type: 'simple' | 'simulcast' | 'svc';
  readonly encodings: readonly { readonly scalabilityMode?: string | undefined }[];
}

/** Spatial layers of a producer: encodings of simulcast, the S or L number of SVC. */
export function spatialLayersOf({ type, encodings }: LayeredProducer): number {
  if (type === 'simulcast') return Math.max(1, encodings.length);
  if (type === 'svc') return Number(/^[LS](\d+)T/.exec(encodings[0]?.scalabilityMode ?? '')?.[1] ?? 1);
  return 1;
}

/** A consumer as far as wanted layers depend on it. */
export interface LayerWish {
  readonly paused: boolean;
  /** Left out: the highest there is. */
  readonly preferred?: Layers | undefined;
}

/** The highest spatial layer that anybody wants of a producer with so many; null when nobody wants any. */
export function wantedLayer(layers: number, wishes: readonly LayerWish[]): number | null {
  let highest: number | null = null;
  for (const { paused, preferred } of wishes) {
    if (paused) continue;
    const wish = Math.min(preferred?.spatialLayer ?? layers - 1, layers - 1);
    if (highest === null || wish > highest) highest = wish;
  }
  return highest;
}

/** A picture may be enlarged so much before the next layer is worth its bits. */
const enlargement = 1.25;

/**
 * The layer that fills a view of so many device pixels, of a picture of which each layer below the top has half the width:
 * the lowest one that needs not be enlarged by more than a quarter. The width and the height decide together, as a view may be
 * cropped.
 */
export function layerForView(
  view: { readonly width: number; readonly height: number },
  top: { readonly width: number; readonly height: number },
  layers: number,
): number {
  for (let layer = 0; layer < layers - 1; layer += 1) {
    const scale = 2 ** (layers - 1 - layer);
    const needed = Math.max((view.width * scale) / top.width, (view.height * scale) / top.height);
    if (needed <= enlargement) return layer;
  }
  return layers - 1;
}
