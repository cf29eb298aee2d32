import { cleanComponent, shorten } from './clean-component.ts';

export { cleanComponent } from './clean-component.ts';

/** Of a whole path, in characters. S3 ends at 1,024 bytes for a key; the prefix comes on top. */
const longestPath = 900;
const mostComponents = 20;

/**
 * A path of names that are clean each for itself: never empty, never absolute, never with `..`, at most 20 folders
 * deep. Empty names (`a//b`) and `.` are left out; `..` becomes a name like any other.
 */
export function cleanPath(path: string): string {
  const names = path
    .split('/')
    .filter((name) => name.trim() !== '' && name.trim() !== '.')
    .map(cleanComponent);
  const kept =
    names.length > mostComponents ? [...names.slice(0, mostComponents - 1), names.at(-1) ?? '_'] : names;
  const whole = kept.join('/') || '_';
  return whole.length <= longestPath ? whole : cleanPathShort(kept);
}

/** Very many very long names: each gets its share. */
function cleanPathShort(names: readonly string[]): string {
  const share = Math.max(12, Math.floor(longestPath / names.length / 3) - 1);
  return names.map((name) => cleanComponent(shorten(name, share))).join('/');
}

/** The same name with a number, for other content under a name that is taken: `film (2).mp4`. 1 is the name itself. */
export function numberedPath(path: string, number: number): string {
  if (number <= 1) return path;
  const slash = path.lastIndexOf('/');
  const [folder, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${folder}${stem} (${number})${ending}`;
}

/** So many names are tried before it is given up as a mistake in the flow. */
export const mostNames = 500;

/** Whether a path is a name, or one of the numbered ones that follow it when it is taken. */
export function isNumberedOf(path: string, name: string): boolean {
  if (path === name) return true;
  const number = Number(/ \((\d+)\)(?:\.[^./]*)?$/.exec(path)?.[1]);
  return number >= 2 && number <= mostNames && numberedPath(name, number) === path;
}

/** Two cleaned paths, the first of which may be empty. */
export function joinPath(prefix: string, path: string): string {
  return prefix.trim().replace(/^\/+|\/+$/g, '') === '' ? path : `${cleanPath(prefix)}/${path}`;
}

/** What is filled into a path stays inside of the name in which it stands: a slash in a title is no folder. */
export function escapePathValue(value: string): string {
  return value.replace(/[/\\]/g, (slash) => (slash === '/' ? '／' : '＼'));
}
