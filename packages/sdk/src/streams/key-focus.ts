/**
 * Follows whether keys are meant for the picture: only while it has the focus, so that the page around it stays usable
 * by keyboard. Ends with the signal.
 */
export function watchKeyFocus(
  stage: HTMLElement,
  signal: AbortSignal,
  observer: { focused(has: boolean): void; key(event: KeyboardEvent): void },
): void {
  const document = stage.ownerDocument;
  const window = document.defaultView;
  stage.tabIndex = 0;
  const follow = () => observer.focused(document.hasFocus() && document.activeElement === stage);
  stage.addEventListener('pointerdown', () => stage.focus({ preventScroll: true }), { signal });
  stage.addEventListener('focus', follow, { signal });
  stage.addEventListener('blur', follow, { signal });
  window?.addEventListener('blur', follow, { signal });
  window?.addEventListener('focus', follow, { signal });
  stage.addEventListener('keydown', (event) => observer.key(event), { signal });
  stage.addEventListener('keyup', (event) => observer.key(event), { signal });
}
