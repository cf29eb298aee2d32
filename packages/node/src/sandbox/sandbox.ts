import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract/capability';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import type { RunCommand } from '../workload.ts';
import { bubblewrapArguments, type SandboxPlan, type SandboxSystem } from './bubblewrap-arguments.ts';
import { readSandboxSystem } from './sandbox-system.ts';

/** Turns a command into the one that runs it in a sandbox. */
export interface Sandbox {
  /** Nothing when this machine has no working sandbox; `reason` then says why. */
  readonly capability: Capability | undefined;
  readonly reason: string | undefined;
  /** The command to start instead. Throws when there is no sandbox: what asked for one never runs without. */
  wrap(plan: SandboxPlan): [string, ...string[]];
}

export interface OpenSandboxOptions {
  readonly run: RunCommand;
  readonly clock: Clock;
  /** A folder in which the probe may make its own. */
  readonly scratch: string;
  readonly searchPath?: string;
}

/** What the probe prints when the sandbox holds: it could write where it may, and nothing else was there. */
const proofOfConfinement = 'confined';

/**
 * The probe's script. Every line is something that must hold inside; the first that doesn't ends it with its number.
 * `$1` is the writable folder, `$2` a file that exists outside and must not be seen.
 */
const probeScript = [
  'echo x > "$1/written" || exit 11',
  '[ ! -e /etc/passwd ] || exit 12',
  '[ ! -e "$2" ] || exit 13',
  '{ echo x > /outside; } 2>/dev/null && exit 14',
  '{ echo x > /usr/outside; } 2>/dev/null && exit 15',
  // Writes back what it reads: were the kernel's settings open, nothing would change.
  'v="$(cat /proc/sys/vm/swappiness)" && { echo "$v" > /proc/sys/vm/swappiness; } 2>/dev/null && exit 16',
  // Beside two lines of heading there is the loopback device alone.
  '[ "$(wc -l < /proc/net/dev)" -le 3 ] || exit 17',
  // The only processes are the sandbox's own.
  '[ "$(ls -d /proc/[0-9]* | wc -l)" -le 8 ] || exit 18',
  `echo ${proofOfConfinement}`,
].join('\n');

/** Tries the sandbox on this machine by running a process in it that tries to look and to write outside. */
export async function openSandbox(options: OpenSandboxOptions): Promise<Sandbox> {
  const system = readSandboxSystem(options.searchPath);
  if (!system) {
    const why =
      process.platform === 'linux' ? 'bubblewrap (bwrap) is not installed' : 'it needs Linux and bubblewrap';
    return withoutSandbox(`There is no sandbox on this machine: ${why}.`);
  }
  // Newer kernels and bubblewrap >= 0.8 can forbid namespaces inside; older ones still make a good sandbox.
  let refusal = '';
  for (const forbidsNamespaces of [true, false]) {
    const candidate: SandboxSystem = { ...system, forbidsNamespaces };
    const failure = await tryOut(candidate, options);
    if (failure === undefined) return await withSandbox(candidate, options);
    refusal ||= failure;
  }
  return withoutSandbox(`bubblewrap does not work on this machine: ${refusal}`);
}

/** What went wrong, or nothing when the sandbox holds. */
async function tryOut(
  system: SandboxSystem,
  { run, scratch }: OpenSandboxOptions,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(scratch, 'sandbox-'));
  const hidden = await mkdtemp(join(scratch, 'hidden-'));
  try {
    const plan: SandboxPlan = {
      argv: ['/bin/sh', '-c', probeScript, 'probe', folder, hidden],
      cwd: folder,
      writable: folder,
      readOnly: [],
      network: 'none',
      gpu: false,
      tmpBytes: 1024 * 1024,
    };
    const result = await run(bubblewrapArguments(system, plan), {
      timeoutMs: 10_000,
      env: { PATH: '/usr/bin:/bin' },
    });
    if (result.code === 0 && result.stdout.toString().trim() === proofOfConfinement) return undefined;
    const said = result.stderr.toString('utf8').trim().split('\n')[0] ?? '';
    return result.timedOut
      ? 'it did not end within 10 s'
      : said || `the check ${result.code} of the probe failed`;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(hidden, { recursive: true, force: true });
  }
}

async function withSandbox(system: SandboxSystem, { run, clock }: OpenSandboxOptions): Promise<Sandbox> {
  const printed = await run([system.bubblewrap, '--version'], { timeoutMs: 5_000 });
  const version = /(\d+(?:\.\d+)+)/.exec(printed.stdout.toString())?.[1];
  const capability: Capability = {
    name: 'sandbox',
    ...(version === undefined ? {} : { version }),
    features: [
      'filesystem',
      'network',
      'processes',
      ...(system.forbidsNamespaces ? ['no-namespaces'] : []),
      ...(system.gpuDevices.length > 0 ? ['gpu'] : []),
    ],
    details: { path: system.bubblewrap },
    proof:
      'a process inside could write its own folder and nothing else, and saw no network, no user and no other process',
    provedAt: new Date(clock.now()).toISOString(),
  };
  return { capability, reason: undefined, wrap: (plan) => bubblewrapArguments(system, plan) };
}

function withoutSandbox(reason: string): Sandbox {
  return {
    capability: undefined,
    reason,
    wrap() {
      throw new BacklotError(nodeErrors.sandbox_unavailable, { params: { reason } });
    },
  };
}
