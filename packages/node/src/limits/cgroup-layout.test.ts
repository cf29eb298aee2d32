import { describe, expect, it } from 'vitest';
import { parseCgroupLayout } from './cgroup-layout.ts';

const v1 = (controller: string, root = '/', mount = `/sys/fs/cgroup/${controller}`) =>
  `32 31 0:29 ${root} ${mount} rw,relatime shared:9 - cgroup cgroup rw,${controller}`;
const v2 = (mount = '/sys/fs/cgroup', root = '/') =>
  `41 31 0:38 ${root} ${mount} rw,relatime - cgroup2 cgroup2 rw,nsdelegate`;

describe('the layout of control groups', () => {
  it('is one hierarchy on a machine with version 2', () => {
    expect(parseCgroupLayout(v2(), '0::/system.slice/backlot.service\n')).toEqual({
      v1: {},
      unified: { own: '/sys/fs/cgroup/system.slice/backlot.service', mount: '/sys/fs/cgroup' },
    });
  });

  it('is one hierarchy for each controller on a machine with version 1, also where two share one', () => {
    const mountinfo = [v1('cpu,cpuacct'), v1('memory'), v1('devices')].join('\n');
    expect(parseCgroupLayout(mountinfo, '4:memory:/jobs/a\n3:cpu,cpuacct:/\n2:devices:/\n')).toEqual({
      v1: {
        memory: '/sys/fs/cgroup/memory/jobs/a',
        cpu: '/sys/fs/cgroup/cpu,cpuacct',
        cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      },
    });
  });

  it('is both on a hybrid machine', () => {
    const mountinfo = [v1('memory'), v2('/sys/fs/cgroup/unified')].join('\n');
    expect(parseCgroupLayout(mountinfo, '4:memory:/\n0::/x\n')).toEqual({
      v1: { memory: '/sys/fs/cgroup/memory' },
      unified: { own: '/sys/fs/cgroup/unified/x', mount: '/sys/fs/cgroup/unified' },
    });
  });

  it('follows a mount that shows only a part of the hierarchy', () => {
    expect(parseCgroupLayout(v1('memory', '/docker/abc'), '4:memory:/docker/abc/inner\n').v1.memory).toBe(
      '/sys/fs/cgroup/memory/inner',
    );
    expect(parseCgroupLayout(v1('memory', '/docker/abc'), '4:memory:/elsewhere\n').v1.memory).toBe(
      '/sys/fs/cgroup/memory',
    );
  });

  it('reads mount points with spaces, and nothing out of nothing', () => {
    expect(parseCgroupLayout(v1('pids', '/', '/my\\040groups'), '1:pids:/a\n').v1.pids).toBe('/my groups/a');
    expect(parseCgroupLayout('', '')).toEqual({ v1: {} });
  });
});
