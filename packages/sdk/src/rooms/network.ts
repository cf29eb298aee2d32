interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/**
 * Calls when the machine's network is another one: Wi-Fi to mobile, a cable that came. Chromium tells changes of its
 * estimates by the same event; only another kind of network counts. Does nothing outside of browsers.
 */
export function watchNetwork(changed: () => void): () => void {
  if (typeof window === 'undefined' || typeof window.addEventListener !== 'function') return () => {};
  const connection = (navigator as { connection?: NetworkInformation }).connection;
  let type = connection?.type;
  const onChange = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    changed();
  };
  window.addEventListener('online', changed);
  connection?.addEventListener?.('change', onChange);
  return () => {
    window.removeEventListener('online', changed);
    connection?.removeEventListener?.('change', onChange);
  };
}
