// Sets the colour scheme before the first paint. A file of its own because the page's policy allows no inline script.
try {
  const chosen = localStorage.getItem('backlot.color-scheme');
  const dark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
} catch {
  document.documentElement.setAttribute('data-mantine-color-scheme', 'dark');
}
