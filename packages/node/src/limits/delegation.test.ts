import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseCgroupLayout } from './cgroup-layout.ts';
import { delegate, upwards } from './delegation.ts';

const layout = existsSync('/proc/self/mountinfo')
  ? parseCgroupLayout(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'))
  : { v1: {} };
const mount = layout.unified?.mount ?? '';
/**
 * Any controller that version 2 has here and that the top can pass on. Memory, cpu and pids belong to version 1 on the
 * machines of these tests; the kernel's rules are the same for every controller.
 */
const controller = layout.unified
  ? readFileSync(join(mount, 'cgroup.controllers'), 'utf8').trim().split(' ').at(-1)
  : undefined;
const writable = controller !== undefined && controller !== '' && process.getuid?.() === 0;

describe.runIf(writable)('delegation in the version 2 hierarchy', () => {
  const top = join(mount, `backlot-delegation-${process.pid}`);
  const inner = join(top, 'inner');
  let inhabitant: ChildProcess | undefined;

  // systemd passes controllers on from the top; without it nobody has.
  const passed = () => readFileSync(join(mount, 'cgroup.subtree_control'), 'utf8').includes(controller ?? '');
  let wasPassed = true;
  beforeAll(() => {
    wasPassed = passed();
    if (!wasPassed) writeFileSync(join(mount, 'cgroup.subtree_control'), `+${controller}`);
  });
  afterAll(() => {
    if (!wasPassed) writeFileSync(join(mount, 'cgroup.subtree_control'), `-${controller}`);
  });
  afterEach(async () => {
    inhabitant?.kill('SIGKILL');
    inhabitant = undefined;
    await vi.waitFor(() => {
      for (const path of [join(inner, 'ours'), inner, join(top, 'ours'), top]) {
        if (existsSync(path)) rmdirSync(path);
      }
    }, 90_000);
  });

  async function inhabit(group: string): Promise<void> {
    const script = 'echo 0 > "$1" && echo && exec sleep 60';
    inhabitant = spawn('/bin/sh', ['-c', script, 'sh', join(group, 'cgroup.procs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(inhabitant.stdout ?? inhabitant, 'data');
  }
  const delegated = (own: string, notes: string[] = []) =>
    delegate({ own, mount: top, folder: 'ours', wanted: [controller ?? ''], notes });

  it('is in the own group when that is empty', () => {
    mkdirSync(top, { recursive: true });
    expect(delegated(top)).toEqual({ path: join(top, 'ours'), controllers: [controller] });
  });

  it('is in the nearest group above that can, when the own one has processes', async () => {
    mkdirSync(inner, { recursive: true });
    await inhabit(inner);
    const found = delegated(inner);
    expect(found).toEqual({ path: join(top, 'ours'), controllers: [controller] });
    expect(existsSync(join(inner, 'ours'))).toBe(false);
    // Groups made there have the controller.
    const group = join(top, 'ours', 'a');
    mkdirSync(group);
    expect(readFileSync(join(group, 'cgroup.controllers'), 'utf8')).toContain(controller);
    rmdirSync(group);
  });

  it('says what is lacking when no group can, and still gives a place to freeze in', async () => {
    mkdirSync(top, { recursive: true });
    await inhabit(top);
    const notes: string[] = [];
    const found = delegated(top, notes);
    expect(found).toEqual({ path: join(top, 'ours'), controllers: [] });
    expect(notes.join()).toContain(controller);
    expect(existsSync(join(top, 'ours', 'cgroup.freeze'))).toBe(true);
  });
});

describe('the groups above a group', () => {
  it('end at the mount', () => {
    expect(upwards('/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope', '/sys/fs/cgroup')).toEqual([
      '/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope',
      '/sys/fs/cgroup/user.slice/user-0.slice',
      '/sys/fs/cgroup/user.slice',
      '/sys/fs/cgroup',
    ]);
    expect(upwards('/sys/fs/cgroup', '/sys/fs/cgroup')).toEqual(['/sys/fs/cgroup']);
    expect(upwards('/elsewhere', '/sys/fs/cgroup')).toEqual(['/elsewhere']);
  });
});
