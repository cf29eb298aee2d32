// Runs in the page. Answers faults of structure that anybody who can't see the page stumbles over: controls without a
// name, pictures without a text, duplicate ids, headings that skip a level from the page's own, and content that is
// wider than the window.
(() => {
  const found = [];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const labelled = (element) =>
    element.getAttribute('aria-label')?.trim() ||
    (element.getAttribute('aria-labelledby') ?? '')
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join('')
      .trim() ||
    element.textContent?.trim() ||
    element.getAttribute('title')?.trim() ||
    [...(element.labels ?? [])]
      .map((label) => label.textContent)
      .join('')
      .trim() ||
    element.getAttribute('alt')?.trim();
  const controls =
    'a[href], button, input:not([type=hidden]), select, textarea, [role=button], [role=slider], [role=grid], [role=switch], video';
  for (const control of document.querySelectorAll(controls)) {
    if (visible(control) && !control.closest('[aria-hidden="true"]') && !labelled(control))
      found.push(`no name: ${control.outerHTML.slice(0, 120)}`);
  }
  for (const image of document.querySelectorAll('img:not([alt])'))
    found.push(`no alt: ${image.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`id twice: ${id}`);
  const headings = [...document.querySelectorAll('h1')].filter(visible);
  if (headings.length !== 1) found.push(`${headings.length} first-level headings`);
  if (document.documentElement.scrollWidth > window.innerWidth) {
    found.push(`page is ${document.documentElement.scrollWidth} px wide in a window of ${window.innerWidth}`);
  }
  const content = document.getElementById('content');
  if (content && content.scrollWidth > content.clientWidth + 1) {
    found.push(`content is ${content.scrollWidth} px wide in ${content.clientWidth}`);
  }
  return found;
})();
