/** What the page remembers in this browser: a name, devices, a language. A browser that keeps nothing is no reason to fail. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`backlot.room.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`backlot.room.${key}`);
    else localStorage.setItem(`backlot.room.${key}`, value);
  } catch {
    // Then it holds for this page only.
  }
}
