/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a picture that is made to fit into a box: shape kept, never enlarged, both sides even (4:2:0 colour has no
 * half pixels). A side of the box that is left out does not limit.
 */
export function fitBox(source: Size, box: Partial<Record<keyof Size, number | undefined>>): Size {
  const scale = Math.min(1, (box.width ?? Infinity) / source.width, (box.height ?? Infinity) / source.height);
  return { width: even(source.width * scale), height: even(source.height * scale) };
}

function even(side: number): number {
  return Math.max(2, 2 * Math.round(side / 2 - 1e-9));
}
