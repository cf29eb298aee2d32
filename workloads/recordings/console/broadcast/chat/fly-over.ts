import type { ChatLine } from '../../../contract/chat.ts';
import { type Flown, flightMs, laneFor, stillLaneFor, stillMs } from './flight.ts';
import { colorOf, shortened } from './line.ts';
import { countUntil } from './lines-at.ts';

/** More than that on a picture can't be read, and costs frames. */
const mostAtOnce = 60;
/** A player tells its time every 250 ms at the longest; lines of so much time to come are sent off, each with its own delay. */
const aheadMs = 400;
const longestText = 80;

/**
 * Lets lines fly over the picture, in the film's time: they stand when it stands, are as fast as it is, and go when it
 * jumps. The browser's compositor moves them; nothing here runs for a frame, and nothing while the tab is hidden. Whoever
 * wants no motion sees them stand at the top.
 * @param layer lies over the picture; its line height is the height of a lane.
 * @returns what ends it.
 */
export function flyOver(video: HTMLVideoElement, layer: HTMLElement, lines: readonly ChatLine[]): () => void {
  const ended = new AbortController();
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const flying = new Set<Animation>();
  let lanes = {
    across: [] as (Flown | undefined)[],
    top: [] as (Flown | undefined)[],
    bottom: [] as (Flown | undefined)[],
  };
  /** All lines up to here have been sent off. */
  let sent = video.currentTime * 1000;

  const placeOf = (line: ChatLine) => line.place ?? (still.matches ? 'top' : 'across');

  const clear = () => {
    for (const animation of flying) animation.cancel();
    flying.clear();
    layer.replaceChildren();
    lanes = { across: [], top: [], bottom: [] };
    sent = video.currentTime * 1000;
  };

  const sendDue = () => {
    if (video.paused || video.seeking || document.hidden) return;
    const now = video.currentTime * 1000;
    const until = now + aheadMs * video.playbackRate;
    if (until <= sent) return;
    const due = lines
      .slice(countUntil(lines, sent), countUntil(lines, until))
      .slice(0, mostAtOnce - flying.size);
    sent = until;
    if (due.length === 0) return;
    const elements = due.map((line) => elementOf(line, placeOf(line) !== 'across'));
    layer.append(...elements);
    const room = layer.clientWidth;
    const height = Number.parseFloat(getComputedStyle(layer).lineHeight) || 24;
    const count = Math.max(1, Math.floor(layer.clientHeight / height));
    // Widths of all first: reading one after each change would lay the page out as often.
    const widths = elements.map((element) => element.offsetWidth);
    due.forEach((line, index) => {
      const element = elements[index];
      const width = widths[index];
      if (element && width !== undefined) send(line, element, { width, room, height, count, now });
    });
  };

  const send = (
    line: ChatLine,
    element: HTMLElement,
    at: { width: number; room: number; height: number; count: number; now: number },
  ) => {
    const place = placeOf(line);
    const some = lanes[place];
    some.length = at.count;
    const flown = { start: line.ms, width: at.width };
    const all = Array.from(some);
    const lane = place === 'across' ? laneFor(all, flown, at.room) : stillLaneFor(all, line.ms);
    if (lane === undefined) {
      element.remove();
      return;
    }
    some[lane] = flown;
    element.style.top = `${(place === 'bottom' ? at.count - 1 - lane : lane) * at.height}px`;
    const middle = `translateX(${Math.max(0, (at.room - at.width) / 2)}px)`;
    const [from, to] =
      place === 'across' ? [`translateX(${at.room}px)`, `translateX(${-at.width}px)`] : [middle, middle];
    const animation = element.animate(
      [
        { transform: from, visibility: 'visible' },
        { transform: to, visibility: 'visible' },
      ],
      { duration: place === 'across' ? flightMs : stillMs, delay: Math.max(0, line.ms - at.now) },
    );
    animation.playbackRate = video.playbackRate;
    flying.add(animation);
    animation.onfinish = () => {
      flying.delete(animation);
      element.remove();
    };
  };

  const stand = () => {
    for (const animation of flying) animation.pause();
  };
  const goOn = () => {
    for (const animation of flying) animation.play();
    sendDue();
  };
  const listen = { signal: ended.signal };
  video.addEventListener('timeupdate', sendDue, listen);
  for (const name of ['seeking', 'emptied']) video.addEventListener(name, clear, listen);
  for (const name of ['pause', 'waiting', 'ended']) video.addEventListener(name, stand, listen);
  video.addEventListener('playing', goOn, listen);
  video.addEventListener(
    'ratechange',
    () => {
      for (const animation of flying) animation.updatePlaybackRate(video.playbackRate);
    },
    listen,
  );
  document.addEventListener('visibilitychange', clear, listen);
  still.addEventListener('change', clear, listen);
  return () => {
    ended.abort();
    clear();
  };
}

function elementOf(line: ChatLine, isStill: boolean): HTMLElement {
  const element = document.createElement('bdi');
  if (isStill) element.dataset.still = 'true';
  element.textContent = shortened(line.text, longestText);
  element.dataset.kind = line.kind;
  const color = colorOf(line);
  if (color !== undefined) element.style.color = color;
  // A dark text has a light edge, or nobody sees it over a dark picture.
  if (line.color !== undefined && isDark(line.color)) element.dataset.dark = 'true';
  return element;
}

/** By the weights of ITU-R BT.601, from 0 to 255. */
const isDark = (color: number) =>
  0.299 * (color >> 16) + 0.587 * ((color >> 8) & 0xff) + 0.114 * (color & 0xff) < 80;
