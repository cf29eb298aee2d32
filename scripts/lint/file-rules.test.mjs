import { expect, it } from 'vitest';
import { checkFile, longestFile } from './file-rules.mjs';

const messages = (path, text = '') => checkFile(path, text).map((problem) => problem.message);

it.each([
  ['packages/control/src/utils/text.ts', ''],
  ['packages/control/src/helpers.ts', ''],
  ['packages/control/src/TaskQueue.ts', ''],
  ['packages/control/src/task_queue.ts', ''],
  ['workloads/renders/blender/Camera.py', ''],
  ['packages/control/src/long.ts', 'a\n'.repeat(longestFile + 1)],
  ['packages/control/src/a.ts', "state: 'cancelled'"],
  ['packages/console/src/texts.ts', "'zh-CN': '结点'"],
  ['packages/control/src/a.ts', "open('/root/file')"],
  ['README.md', `see https://registry.${'npmjs'}.org`],
  ['packages/control/src/a.ts', `// ${'TO'}DO later`],
  ['packages/control/src/a.ts', `// @ts-${'ignore'}`],
])('finds fault with %s', (path, text) => {
  expect(messages(path, text)).toHaveLength(1);
});

it.each([
  ['packages/control/src/task-queue.test.ts', ''],
  ['packages/console/src/parts/meter.module.css', ''],
  ['packages/cli/src/workloads.ts', 'a\n'.repeat(longestFile)],
  ['workloads/renders/blender/stage/import_mode.py', ''],
  ['README.md', 'canceled; /var/lib/backlot; a workroot/x'],
  ['vitest.config.ts', ''],
])('has nothing against %s', (path, text) => {
  expect(messages(path, text)).toEqual([]);
});

it('says where', () => {
  expect(checkFile('a.md', 'one\n登陆')).toEqual([
    { path: 'a.md', line: 2, message: "The glossary's word is 登录." },
  ]);
});
