import { describe, expect, it } from 'vitest';
import { checkImport, importsOf, placeOf } from './import-rules.mjs';

const world = { workloads: new Set(['renders', 'rooms']), declared: new Set(['zod', '@aws-sdk/client-s3']) };
const check = (path, specifier) => checkImport(path, specifier, world);

describe('import rules', () => {
  it.each([
    ['packages/contract/src/task.ts', '@backlot/sdk'],
    ['packages/contract/src/task.ts', 'node:fs'],
    ['packages/control/src/http/server.ts', '@backlot/node'],
    ['packages/control/src/http/server.ts', '@backlot/renders/contract'],
    ['packages/control/src/http/server.ts', '@backlot/testkit'],
    ['packages/node/src/link/link.ts', '@backlot/control/workload'],
    ['packages/node/src/link/link.ts', '@backlot/rooms'],
    ['packages/sdk/src/client.ts', 'node:http'],
    ['packages/console/src/app/main.tsx', '@backlot/cli/config'],
    ['packages/console/src/app/main.tsx', '@backlot/renders/console'],
    ['packages/testkit/src/fake-node.ts', '@backlot/renders/node'],
    ['packages/control/src/a.ts', '../../node/src/link/link.ts'],
    ['packages/control/src/a.ts', '../../../workloads/renders/contract.ts'],
    ['packages/control/src/a.ts', './b'],
    ['packages/control/src/a.ts', '@backlot/control/db/database'],
    ['packages/control/src/a.ts', 'left-pad'],
    ['packages/control/src/a.ts', '@aws-sdk/lib-storage'],
    ['packages/control/src/a.ts', 'fs/promises'],
    ['workloads/renders/control/index.ts', '@backlot/control/db/database'],
    ['workloads/renders/control/index.ts', '@backlot/control'],
    ['workloads/renders/control/index.ts', '@backlot/node/workload'],
    ['workloads/renders/control/index.ts', '@backlot/rooms/contract'],
    ['workloads/renders/control/index.ts', '../node/probe.ts'],
    ['workloads/renders/control/index.ts', '../../rooms/contract.ts'],
    ['workloads/renders/node/probe.ts', '@backlot/control/workload'],
    ['workloads/renders/console/index.tsx', '@backlot/console/parts/table'],
    ['workloads/renders/console/index.tsx', 'node:path'],
    ['workloads/renders/cli/index.ts', '@backlot/cli/workloads'],
    ['workloads/renders/contract.ts', '@backlot/control/workload'],
    ['workloads/renders/contract.ts', 'node:path'],
  ])('refuses %s importing %s', (path, specifier) => {
    expect(check(path, specifier)).toMatch(/\.$|\.ts$/);
  });

  it.each([
    ['packages/contract/src/task.ts', 'zod'],
    ['packages/control/src/http/server.ts', '@backlot/contract/errors/kernel'],
    ['packages/control/src/http/server.ts', 'node:http'],
    ['packages/control/src/http/server.test.ts', '@backlot/testkit/database'],
    ['packages/control/src/blobs/s3.ts', '@aws-sdk/client-s3'],
    ['packages/console/src/app/main.tsx', '@backlot/sdk'],
    ['packages/cli/src/workloads.ts', '@backlot/renders'],
    ['packages/testkit/src/fake-node.ts', '@backlot/node/agent/agent'],
    ['workloads/renders/index.ts', './control/index.ts'],
    ['workloads/renders/control/index.ts', '../contract.ts'],
    ['workloads/renders/control/plan.ts', './chunks.ts'],
    ['workloads/renders/control/index.ts', '@backlot/control/workload'],
    ['workloads/renders/node/host.ts', '@backlot/node/host-process'],
    ['workloads/renders/console/index.tsx', '@backlot/console/workload'],
    ['workloads/renders/cli/index.ts', '@backlot/cli/command'],
    ['workloads/renders/node/probe.test.ts', '@backlot/testkit'],
    ['test/chaos/kill.test.ts', '@backlot/renders/contract'],
    ['scripts/start.mjs', './setup/steps.mjs'],
  ])('allows %s importing %s', (path, specifier) => {
    expect(check(path, specifier)).toBeUndefined();
  });

  it('sees every way to import', () => {
    const text = [
      "import a from 'a';",
      "import type { B } from 'b';",
      "export { c } from 'c';",
      "export * from 'd';",
      "const e = await import('e');",
      "type F = import('f').F;",
      "import 'g';",
      "// import 'no';",
      'const text = "import \'no\'";',
    ].join('\n');
    expect(importsOf(text)).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((specifier, index) => ({ specifier, line: index + 1 })),
    );
  });

  it('knows the half that a file of a workload belongs to', () => {
    expect(placeOf('workloads/renders/node/probe.ts')?.half).toBe('node');
    expect(placeOf('workloads/renders/contract.ts')?.half).toBeUndefined();
    expect(placeOf('README.md')).toBeUndefined();
  });
});
