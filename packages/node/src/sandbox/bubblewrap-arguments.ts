import { sep } from 'node:path';

/** What one sandboxed process may see and do. Paths are absolute and the same inside as outside. */
export interface SandboxPlan {
  readonly argv: readonly [string, ...string[]];
  /** Where the process starts; inside `writable`. */
  readonly cwd: string;
  /** The only folder of the machine that can be written. */
  readonly writable: string;
  /** More of the machine to see, read-only: the inputs, the program's own folder. */
  readonly readOnly: readonly string[];
  readonly network: 'none' | 'host';
  readonly gpu: boolean;
  /** Greatest size of each of `/tmp` and `/dev/shm`, in bytes; they live in memory and count against its limit. */
  readonly tmpBytes: number;
}

/** What this machine is like, as far as the arguments depend on it. Found out by the probe. */
export interface SandboxSystem {
  /** Absolute path of `bwrap`. */
  readonly bubblewrap: string;
  /** System folders and files that exist, to be shown read-only. */
  readonly readOnly: readonly string[];
  /** Links at the top, such as `/bin -> usr/bin`, to be made anew. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Device nodes of GPUs that exist. */
  readonly gpuDevices: readonly string[];
  /** Further user namespaces can be forbidden inside; they are what most kernel exploits begin with. */
  readonly forbidsNamespaces: boolean;
}

/**
 * Parts of procfs that set up the whole machine. When the agent is root, the process inside has root's files too, and
 * `/proc/sys` asks only for the owner: a sandboxed process could change `core_pattern` of the machine (seen here), which
 * is as good as root. So they are covered read-only, whoever we are.
 */
const kernelFiles = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi', 'scsi', 'mtrr', 'driver', 'asound'];
/** Shown beside the rest when the network is shared: names and certificates. */
const networkFiles = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/ssl',
  '/etc/ca-certificates',
];
/** Shown beside the rest for GPUs: where drivers register themselves and read the topology of the machine. */
const gpuFiles = ['/sys', '/etc/OpenCL', '/etc/vulkan', '/etc/glvnd'];

/**
 * Arguments that run a process in a world of its own: read-only system, all namespaces unshared, no capabilities, no
 * network, a new session (so that no terminal can be typed into), and dead as soon as its parent is.
 *
 * The environment is not among them. bubblewrap passes on its own, which the runner has cleared to what the task
 * gives; on the command line everybody on the machine could read it. The order matters: later mounts cover earlier ones.
 */
export function bubblewrapArguments(system: SandboxSystem, plan: SandboxPlan): [string, ...string[]] {
  const argv: [string, ...string[]] = [system.bubblewrap, '--unshare-all'];
  const add = (...more: string[]) => argv.push(...more);

  // The user inside is an ordinary one, also when the agent is root: it then has root's files without root's power.
  add('--unshare-user', '--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL');
  if (system.forbidsNamespaces) add('--disable-userns');
  if (plan.network === 'host') add('--share-net');
  else add('--hostname', 'sandbox');
  add('--die-with-parent', '--new-session');

  add('--proc', '/proc');
  for (const name of kernelFiles) add('--ro-bind-try', `/proc/${name}`, `/proc/${name}`);
  const memory = ['--size', String(plan.tmpBytes), '--tmpfs'];
  add('--dev', '/dev', ...memory, '/dev/shm', ...memory, '/tmp');
  for (const path of system.readOnly) add('--ro-bind', path, path);
  for (const { path, target } of system.links) add('--symlink', target, path);
  if (plan.network === 'host') for (const path of networkFiles) add('--ro-bind-try', path, path);
  if (plan.gpu) {
    for (const path of gpuFiles) add('--ro-bind-try', path, path);
    for (const path of system.gpuDevices) add('--dev-bind', path, path);
  }
  for (const path of outermost(plan.readOnly))
    if (!covered(path, system.readOnly)) add('--ro-bind', path, path);
  add('--bind', plan.writable, plan.writable);
  // What may be read inside the writable folder stays read-only there.
  for (const path of outermost(plan.readOnly))
    if (isInside(path, plan.writable)) add('--ro-bind', path, path);
  add('--remount-ro', '/dev', '--remount-ro', '/', '--chdir', plan.cwd, '--', ...plan.argv);
  return argv;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function covered(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isInside(path, folder));
}

/** Without those that lie inside another one, and without doubles. */
function outermost(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isInside(path, other)));
}
