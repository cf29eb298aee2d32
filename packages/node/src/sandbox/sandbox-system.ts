import { accessSync, constants, existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SandboxSystem } from './bubblewrap-arguments.ts';

/**
 * The system as a program needs it to start: libraries and programs, the links that the dynamic loader and the
 * alternatives system go through, fonts, the time zone. No passwd, no home, no var, no configuration of services.
 */
const wanted = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc/alternatives',
  '/etc/fonts',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/var/cache/fontconfig',
  // NixOS keeps the whole system here.
  '/nix/store',
];

/** Looks at this machine: where bubblewrap is, which of the wanted folders exist, and which are links. */
export function readSandboxSystem(
  searchPath = process.env.PATH ?? '',
): Omit<SandboxSystem, 'forbidsNamespaces'> | undefined {
  const bubblewrap = findExecutable('bwrap', searchPath);
  if (process.platform !== 'linux' || !bubblewrap) return undefined;
  const readOnly: string[] = [];
  const links: { path: string; target: string }[] = [];
  for (const path of wanted) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    // Only links at the top must stay links (`/bin -> usr/bin`); a bind mount follows the others by itself.
    if (stat.isSymbolicLink() && path.lastIndexOf('/') === 0)
      links.push({ path, target: readlinkSync(path) });
    else if (existsSync(path)) readOnly.push(path);
  }
  return { bubblewrap, readOnly, links, gpuDevices: gpuDevices() };
}

/** Device nodes of NVIDIA's driver, of the kernel's rendering nodes and of AMD's compute driver. */
function gpuDevices(): string[] {
  const names = readdirSync('/dev').filter(
    (name) => /^nvidia/.test(name) || name === 'dri' || name === 'kfd',
  );
  return names.map((name) => join('/dev', name));
}

/** The first executable of this name on a search path; a name with a slash is looked at as it is. */
export function findExecutable(name: string, searchPath: string): string | undefined {
  const candidates = name.includes('/')
    ? [name]
    : searchPath.split(delimiter).map((folder) => join(folder, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return lstatSync(candidate).isDirectory() === false;
    } catch {
      return false;
    }
  });
}
