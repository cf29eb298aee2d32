/** How a picture lies in its window: the scale, and where its middle is from the window's middle, in pixels. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Eight times its pixels is where single pixels can be judged; more shows nothing new. */
const largest = 8;

/** The scale at which the whole picture is seen; a small picture is not blown up. */
export function fitScale(picture: Size, window: Size): number {
  if (picture.width <= 0 || picture.height <= 0) return 1;
  return Math.min(1, window.width / picture.width, window.height / picture.height);
}

/** The view with everything in it. */
export function fitted(picture: Size, window: Size): View {
  return { scale: fitScale(picture, window), x: 0, y: 0 };
}

/** Keeps the picture in the window: what is smaller is centred, what is larger leaves no gap at an edge. */
export function kept(view: View, picture: Size, window: Size): View {
  const scale = Math.min(largest, Math.max(fitScale(picture, window), view.scale));
  const bound = (at: number, side: number, room: number) => {
    const over = Math.max(0, (side * scale - room) / 2);
    return Math.min(over, Math.max(-over, at));
  };
  return {
    scale,
    x: bound(view.x, picture.width, window.width),
    y: bound(view.y, picture.height, window.height),
  };
}

/** Zooms by a factor about a point (from the window's middle), so that what is under the pointer stays there. */
export function zoomed(
  view: View,
  factor: number,
  at: { x: number; y: number },
  picture: Size,
  window: Size,
): View {
  const scale = Math.min(largest, Math.max(fitScale(picture, window), view.scale * factor));
  const ratio = scale / view.scale;
  return kept(
    { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio },
    picture,
    window,
  );
}

export function moved(view: View, by: { x: number; y: number }, picture: Size, window: Size): View {
  return kept({ ...view, x: view.x + by.x, y: view.y + by.y }, picture, window);
}
