// Runs in the page. Answers every piece of visible text whose contrast with what lies behind it is below WCAG 2.1 AA
// (1.4.3): 4.5:1, or 3:1 for large text. Text on pictures, of disabled controls and of decorations is left out, as
// the standard does.
(() => {
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const cache = new Map();

  /** Any CSS colour as [r, g, b, alpha 0..1]. */
  const parse = (color) => {
    const known = cache.get(color);
    if (known) return known;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    const parsed = [r, g, b, a / 255];
    cache.set(color, parsed);
    return parsed;
  };
  const over = (top, bottom) => {
    const alpha = top[3];
    return [0, 1, 2].map((i) => top[i] * alpha + bottom[i] * (1 - alpha)).concat(1);
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  /** What lies behind an element, or undefined where a picture does. */
  const background = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== 'none') return undefined;
      const color = parse(style.backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers
      .reverse()
      .reduce((bottom, top) => over(top, bottom), parse(getComputedStyle(document.body).backgroundColor));
  };

  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (
      !text ||
      !element ||
      element.closest('[aria-hidden="true"], :disabled, [data-disabled], script, style, noscript')
    )
      continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || getComputedStyle(element).clipPath !== 'none') continue;
    const behind = background(element);
    if (!behind) continue;
    const style = getComputedStyle(element);
    let opacity = 1;
    for (let parent = element; parent; parent = parent.parentElement)
      opacity *= Number(getComputedStyle(parent).opacity);
    const color = parse(style.color);
    const shown = over([color[0], color[1], color[2], color[3] * opacity], behind);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const value = ratio(shown, behind);
    if (value < (large ? 3 : 4.5) - 0.01)
      found.push(
        `${value.toFixed(2)} "${text.slice(0, 40)}" ${style.color} on ${behind.slice(0, 3).map(Math.round)}`,
      );
  }
  return [...new Set(found)];
})();
