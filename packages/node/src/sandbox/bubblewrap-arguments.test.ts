import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bubblewrapArguments, type SandboxPlan, type SandboxSystem } from './bubblewrap-arguments.ts';

const system: SandboxSystem = {
  bubblewrap: '/usr/bin/bwrap',
  readOnly: ['/usr', '/etc/fonts'],
  links: [{ path: '/bin', target: 'usr/bin' }],
  gpuDevices: ['/dev/nvidia0'],
  forbidsNamespaces: true,
};
const plan: SandboxPlan = {
  argv: ['/usr/bin/blender', '-b'],
  cwd: '/data/a/work',
  writable: '/data/a/work',
  readOnly: ['/data/a/inputs'],
  network: 'none',
  gpu: false,
  tmpBytes: 1024,
};
const text = (more: Partial<SandboxPlan> = {}) => bubblewrapArguments(system, { ...plan, ...more }).join(' ');

describe('the arguments of bubblewrap', () => {
  it('unshare everything, drop all rights, and end with the command', () => {
    const argv = bubblewrapArguments(system, plan);
    for (const flag of [
      '--unshare-all',
      '--unshare-user',
      '--die-with-parent',
      '--new-session',
      '--disable-userns',
    ]) {
      expect(argv).toContain(flag);
    }
    expect(text()).toContain('--cap-drop ALL');
    expect(argv.slice(-3)).toEqual(['--', '/usr/bin/blender', '-b']);
  });

  it('make one folder writable and nothing else', () => {
    const argv = bubblewrapArguments(system, plan);
    const writable = argv.flatMap((word, index) => (word === '--bind' ? [argv[index + 1]] : []));
    expect(writable).toEqual(['/data/a/work']);
    expect(text()).toContain('--remount-ro /dev --remount-ro / --chdir');
  });

  it('cover the part of procfs through which root sets up the machine', () => {
    expect(text()).toMatch(/--proc \/proc .*--ro-bind-try \/proc\/sys \/proc\/sys/);
  });

  it('mount the scratch space before folders that may lie inside of it', () => {
    const argv = bubblewrapArguments(system, {
      ...plan,
      writable: '/tmp/x/work',
      readOnly: ['/tmp/x/inputs'],
    });
    expect(argv.indexOf('--tmpfs')).toBeLessThan(argv.indexOf('/tmp/x/inputs'));
    expect(argv.indexOf('/tmp/x/inputs')).toBeLessThan(argv.indexOf('/tmp/x/work'));
  });

  it('keep what is read-only so, also inside the writable folder', () => {
    const argv = bubblewrapArguments(system, { ...plan, readOnly: ['/data/a/work/given'] });
    expect(argv.lastIndexOf('/data/a/work/given')).toBeGreaterThan(argv.indexOf('--bind'));
  });

  it('share the network and show GPUs only when asked', () => {
    expect(text()).not.toMatch(/share-net|resolv|nvidia| \/sys /);
    expect(text({ network: 'host' })).toMatch(/--share-net.*--ro-bind-try \/etc\/resolv.conf/);
    expect(text({ gpu: true })).toMatch(/--dev-bind \/dev\/nvidia0 \/dev\/nvidia0/);
  });

  it('do not repeat what the system or another folder shows already', () => {
    const argv = bubblewrapArguments(system, {
      ...plan,
      readOnly: ['/usr/share/blender', '/opt/b', '/opt/b/lib', '/opt/b'],
    });
    expect(argv).not.toContain('/usr/share/blender');
    expect(argv).not.toContain('/opt/b/lib');
    expect(argv.filter((word) => word === '/opt/b')).toHaveLength(2);
  });

  it('never let a command be taken for an option', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
        const argv = words as [string, ...string[]];
        const built = bubblewrapArguments(system, { ...plan, argv });
        expect(built.slice(built.indexOf('--') + 1)).toEqual(argv);
      }),
    );
  });
});
