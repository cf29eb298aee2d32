import type { Clock } from '@backlot/contract/clock';

/** How large a track is shown, in device pixels; 0 × 0 when nobody sees it. */
export interface View {
  readonly producerId: string;
  readonly width: number;
  readonly height: number;
}

/** Sizes are rounded up to steps, so that a window that is dragged larger by some pixels asks for nothing new. */
const step = 40;

/** The size that is worth telling: of the largest element that shows the track, in steps. Pure. */
export function shownSize(elements: readonly { width: number; height: number }[]): {
  width: number;
  height: number;
} {
  let best = { width: 0, height: 0 };
  for (const { width, height } of elements) {
    if (width * height > best.width * best.height) best = { width, height };
  }
  const round = (value: number) => Math.ceil(value / step) * step;
  return { width: round(best.width), height: round(best.height) };
}

/** What has changed since it was last told. Pure; `told` is the map after it was told. */
export function changedViews(
  told: ReadonlyMap<string, View>,
  now: ReadonlyMap<string, View>,
): readonly View[] {
  const changed: View[] = [];
  for (const view of now.values()) {
    const before = told.get(view.producerId);
    if (!before || before.width !== view.width || before.height !== view.height) changed.push(view);
  }
  return changed;
}

interface Shown {
  readonly producerId: string;
  width: number;
  height: number;
  visible: boolean;
}

/**
 * Watches the elements that show tracks and tells their sizes, at most every `intervalMs`. A hidden page, an element
 * that was scrolled away or is `display: none` counts as not shown, so that its video is not sent at all.
 */
export class ViewportWatcher {
  readonly #clock: Clock;
  readonly #tell: (views: readonly View[]) => void;
  readonly #intervalMs: number;
  readonly #elements = new Map<Element, Shown>();
  readonly #told = new Map<string, View>();
  readonly #sizes: ResizeObserver | undefined;
  readonly #sights: IntersectionObserver | undefined;
  readonly #onVisibility = () => this.#schedule();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (views: readonly View[]) => void, intervalMs = 150) {
    this.#clock = clock;
    this.#tell = tell;
    this.#intervalMs = intervalMs;
    if (typeof ResizeObserver === 'undefined' || typeof IntersectionObserver === 'undefined') return;
    this.#sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) this.#measured(target, contentRect);
    });
    this.#sights = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#seen(target, isIntersecting);
    });
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  /** Watches an element that shows a track, until the returned function is called. */
  attach(producerId: string, element: Element): () => void {
    const { width, height } = element.getBoundingClientRect();
    this.#elements.set(element, { producerId, ...devicePixels(width, height), visible: true });
    this.#sizes?.observe(element);
    this.#sights?.observe(element);
    this.#schedule();
    return () => {
      if (this.#elements.get(element)?.producerId !== producerId) return;
      this.#elements.delete(element);
      this.#sizes?.unobserve(element);
      this.#sights?.unobserve(element);
      this.#schedule();
    };
  }

  /** Says again how all tracks are shown: after a reconnect the server knows nothing of it. */
  repeat(): void {
    this.#told.clear();
    this.#schedule();
  }

  /** A track is gone; it is not told about any more. */
  forget(producerId: string): void {
    this.#told.delete(producerId);
  }

  close(): void {
    this.#cancel?.();
    this.#sizes?.disconnect();
    this.#sights?.disconnect();
    this.#elements.clear();
    if (typeof document !== 'undefined') {
      document.removeEventListener('visibilitychange', this.#onVisibility);
    }
  }

  #measured(target: Element, rect: { readonly width: number; readonly height: number }): void {
    const shown = this.#elements.get(target);
    if (!shown) return;
    Object.assign(shown, devicePixels(rect.width, rect.height));
    this.#schedule();
  }

  #seen(target: Element, visible: boolean): void {
    const shown = this.#elements.get(target);
    if (!shown || shown.visible === visible) return;
    shown.visible = visible;
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(this.#intervalMs, () => {
      this.#cancel = undefined;
      const views = changedViews(this.#told, this.#views());
      for (const view of views) this.#told.set(view.producerId, view);
      if (views.length > 0) this.#tell(views);
    });
  }

  #views(): ReadonlyMap<string, View> {
    const hidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
    const byProducer = new Map<string, { width: number; height: number }[]>();
    // Tracks that were shown and are in no element any more are told as not shown.
    for (const producerId of this.#told.keys()) byProducer.set(producerId, []);
    for (const { producerId, width, height, visible } of this.#elements.values()) {
      const sizes = byProducer.get(producerId) ?? [];
      if (visible && !hidden) sizes.push({ width, height });
      byProducer.set(producerId, sizes);
    }
    return new Map(
      [...byProducer].map(([producerId, sizes]) => [producerId, { producerId, ...shownSize(sizes) }]),
    );
  }
}

function devicePixels(width: number, height: number): { width: number; height: number } {
  const ratio = globalThis.devicePixelRatio || 1;
  return { width: width * ratio, height: height * ratio };
}
