import { defineCommand } from '@backlot/cli/command';
import { exitCodes } from '@backlot/cli/exit-codes';
import { z } from 'zod';
import { RoomsApi } from '../rooms-api.ts';
import { runConsole } from './run-console.ts';

/** `backlot console`: mediasoup-demo's prompt, over all nodes of the installation. */
export const consoleCommand = defineCommand({
  name: 'console',
  summary: { en: 'Look into the media workers of all nodes', 'zh-CN': '查看所有节点的媒体 worker' },
  description: {
    en: 'A prompt with the commands of mediasoup-demo: usage, logLevel, logTags, dumps and statistics of workers, routers, transports, producers and consumers on every node. Without an id, a command is about the newest one. Reads commands from a pipe as well.',
    'zh-CN':
      '提供 mediasoup-demo 命令的交互提示符：usage、logLevel、logTags，以及所有节点上 worker、router、transport、producer、consumer 的 dump 与统计。不带 id 时为最新对象。也可从管道读取命令。',
  },
  examples: [
    {
      command: 'backlot console',
      description: { en: 'Type help for the list', 'zh-CN': '输入 help 查看列表' },
    },
    {
      command: 'echo usage | backlot console --json',
      description: { en: 'One answer, for a program', 'zh-CN': '供程序使用的单次查询' },
    },
  ],
  input: z.object({}),
  async run(context) {
    const api = new RoomsApi(await context.api(), context.signal);
    const typing = process.stdin.isTTY === true && process.stdout.isTTY === true && !context.out.json;
    const failed = await runConsole({
      context,
      ask: (request) => api.console(request),
      input: process.stdin,
      terminal: typing ? process.stdout : null,
    });
    // A person has seen what went wrong; a script wants to be told.
    return typing || failed === 0 ? exitCodes.ok : exitCodes.failed;
  },
});
