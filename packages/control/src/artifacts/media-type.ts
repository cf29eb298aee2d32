/** By the end of the name, for files whose sender does not say. The formats that Backlot takes and makes. */
const byExtension: Readonly<Record<string, string>> = {
  blend: 'application/x-blender',
  glb: 'model/gltf-binary',
  gltf: 'model/gltf+json',
  obj: 'model/obj',
  mtl: 'model/mtl',
  fbx: 'application/octet-stream',
  stl: 'model/stl',
  ply: 'application/ply',
  dae: 'model/vnd.collada+xml',
  zip: 'application/zip',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  exr: 'image/x-exr',
  hdr: 'image/vnd.radiance',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  json: 'application/json',
  txt: 'text/plain',
  log: 'text/plain',
};

const wellFormed = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,99}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}$/;

/** The type to store: what the sender says when it is well formed, else what the name suggests. */
export function mediaTypeOf(name: string, claimed?: string): string {
  const bare = claimed?.split(';')[0]?.trim().toLowerCase();
  if (bare && bare !== 'application/octet-stream' && wellFormed.test(bare)) return bare;
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return (
    (Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined) ?? 'application/octet-stream'
  );
}

/** Types that a browser may show by itself. Everything that can hold a script (HTML, SVG, XML) is saved instead. */
const shown = new Set([
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/gif',
  'video/mp4',
  'video/webm',
  'audio/mpeg',
  'audio/ogg',
  'text/plain',
  'application/json',
]);

/** Whether it is safe to show in the browser's window, under our own origin. */
export function mayBeShown(mediaType: string): boolean {
  return shown.has(mediaType);
}
