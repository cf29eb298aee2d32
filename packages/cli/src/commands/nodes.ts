import type { NodeView } from '@backlot/contract/api/nodes';
import type { Phrase } from '@backlot/contract/phrase';
import { NodeState } from '@backlot/contract/states/node';
import { type ApiClient, collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, type CommandContext, defineCommand } from '../command.ts';
import { formatAge, formatBytes, formatPercent } from '../output/amounts.ts';
import { confirm } from './confirm.ts';
import { findByName, shortId } from './find.ts';
import { idOf, limitOption, limitSchema, pairsSchema, yesOption } from './options.ts';

const nodeArgument = {
  name: 'node',
  description: {
    en: `name or ${idOf('node', '节点').en}`,
    'zh-CN': `名称或${idOf('node', '节点')['zh-CN']}`,
  },
} as const;
const nodeInput = z.object({ node: z.string() });

/** `backlot nodes …`: the machines of the fleet. */
export const nodesCommands: CliGroup = {
  name: 'nodes',
  summary: { en: 'Look at machines, take them out and in', 'zh-CN': '查看节点、停用和恢复节点' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List the machines of the fleet', 'zh-CN': '列出所有节点' },
      options: [
        {
          flags: '-s, --state <state>',
          description: { en: 'only in this state', 'zh-CN': '仅此状态' },
          choices: NodeState.options,
        },
        limitOption,
      ],
      input: z.object({ state: NodeState.optional(), limit: limitSchema }),
      async run({ out, api, say, signal }, { state, limit }) {
        const client = await api();
        const nodes = await collect(client.nodes.list({ state, limit: Math.min(limit, 500) }, signal), limit);
        out.result(nodes, () =>
          nodes.length === 0 ? say(phrases.none) : out.table(nodeColumns(say), nodes.map(nodeRow)),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'show',
      summary: {
        en: 'Show one machine: what it has, can do, and runs',
        'zh-CN': '显示节点的硬件、能力和当前工作',
      },
      arguments: [nodeArgument],
      input: nodeInput,
      async run(context, { node: typed }) {
        const node = await findNode(await context.api(), typed, context.signal);
        context.out.result(node, () => describeNode(node, context));
        return undefined;
      },
    }),
    scheduleCommand('cordon', 'cordoned', {
      en: 'Give a node no new work; what runs goes on',
      'zh-CN': '停止向节点分配新工作，正在运行的继续',
    }),
    scheduleCommand('uncordon', 'yes', { en: 'Give a node work again', 'zh-CN': '恢复向节点分配工作' }),
    defineCommand({
      name: 'drain',
      summary: { en: 'Move the work of a node elsewhere', 'zh-CN': '将节点上的工作迁移到其他节点' },
      description: {
        en: 'Give a node no new work and move what runs: batch work is queued again elsewhere at no cost to its attempts, people are not interrupted. Shows first what will move.',
        'zh-CN':
          '停止向节点分配新工作并迁移正在运行的工作：批处理工作在其他节点重新排队且不计入失败次数，交互会话不受打断。执行前先显示将迁移的内容。',
      },
      arguments: [nodeArgument],
      options: [yesOption],
      input: nodeInput.extend({ yes: z.boolean().default(false) }),
      async run(context, { node: typed, yes }) {
        const { out, api, say, signal } = context;
        const client = await api();
        const { id, name } = await findNode(client, typed, signal);
        const preview = await client.nodes.drainPreview(id, signal);
        out.note(
          say(phrases.drainPreview, { name, moves: preview.moves.length, waits: preview.waits.length }),
        );
        if (!(await confirm(context, yes, say(phrases.drainAsk, { name })))) return undefined;
        const node = await client.nodes.change(id, { schedulable: 'draining' }, signal);
        out.result(node, () => describeNode(node, context));
        return undefined;
      },
    }),
    defineCommand({
      name: 'remove',
      summary: { en: 'Take a node out of the fleet for good', 'zh-CN': '将节点永久移出' },
      arguments: [nodeArgument],
      options: [yesOption],
      input: nodeInput.extend({ yes: z.boolean().default(false) }),
      async run(context, { node: typed, yes }) {
        const { out, api, say, signal } = context;
        const client = await api();
        const { id, name } = await findNode(client, typed, signal);
        if (!(await confirm(context, yes, say(phrases.removeAsk, { name })))) return undefined;
        await client.nodes.remove(id, signal);
        out.result({ id, removed: true }, () => say(phrases.removed, { name }));
        return undefined;
      },
    }),
    defineCommand({
      name: 'label',
      summary: { en: 'Set labels of a node', 'zh-CN': '设置节点标签' },
      arguments: [
        nodeArgument,
        {
          name: 'labels',
          variadic: true,
          description: { en: 'key=value; key= removes it', 'zh-CN': '键=值；键= 表示删除' },
        },
      ],
      examples: [
        {
          command: 'backlot nodes label gpu-1 room=basement',
          description: { en: 'Say where it stands', 'zh-CN': '标注所在位置' },
        },
      ],
      input: nodeInput.extend({ labels: pairsSchema }),
      async run(context, { node: typed, labels }) {
        const client = await context.api();
        const { id, labels: present } = await findNode(client, typed, context.signal);
        const merged = Object.entries({ ...present, ...labels }).filter(([, value]) => value !== '');
        const node = await client.nodes.change(id, { labels: Object.fromEntries(merged) }, context.signal);
        context.out.result(node, () => describeNode(node, context));
        return undefined;
      },
    }),
    defineCommand({
      name: 'join-token',
      summary: { en: 'Make a token by which a new machine joins', 'zh-CN': '创建新节点的接入令牌' },
      options: [
        {
          flags: '--pool <pool>',
          description: { en: 'pool of the new node', 'zh-CN': '新节点所属资源池' },
          defaultText: 'default',
        },
        {
          flags: '--label <key=value...>',
          description: { en: 'labels of the new node', 'zh-CN': '新节点的标签' },
        },
        {
          flags: '--uses <count>',
          description: { en: 'for how many machines', 'zh-CN': '可用于多少台机器' },
          defaultText: '1',
        },
        {
          flags: '--minutes <minutes>',
          description: { en: 'how long it is valid', 'zh-CN': '有效时长（分钟）' },
          defaultText: '60',
        },
      ],
      examples: [
        {
          command: 'backlot nodes join-token --uses 10 --label room=farm',
          description: { en: 'For ten machines of a farm', 'zh-CN': '用于机房的十台机器' },
        },
      ],
      input: z.object({
        pool: z.string().default('default'),
        label: pairsSchema,
        uses: z.coerce.number<unknown>().int().min(1).max(1000).default(1),
        minutes: z.coerce.number<unknown>().int().min(1).max(43_200).default(60),
      }),
      async run({ out, api, say, signal }, { pool, label, uses, minutes }) {
        const client = await api();
        const made = await client.nodes.createJoinToken(
          { pool, labels: label, uses, expiresInMinutes: minutes },
          signal,
        );
        out.result(made, ({ commands }) => [say(phrases.joinHint), '', `  ${commands.linux}`]);
        return undefined;
      },
    }),
  ],
};

function scheduleCommand(name: string, schedulable: NodeView['schedulable'], summary: Phrase) {
  return defineCommand({
    name,
    summary,
    arguments: [nodeArgument],
    input: nodeInput,
    async run(context, { node: typed }) {
      const client = await context.api();
      const { id } = await findNode(client, typed, context.signal);
      const node = await client.nodes.change(id, { schedulable }, context.signal);
      context.out.result(node, () => describeNode(node, context));
      return undefined;
    },
  });
}

function findNode(client: ApiClient, typed: string, signal: AbortSignal): Promise<NodeView> {
  return findByName(
    'node',
    typed,
    () => client.nodes.list({ limit: 500 }, signal),
    (id) => client.nodes.get(id, signal),
  );
}

function nodeColumns(say: CommandContext['say']): readonly string[] {
  const { id, state, cpu, memory, runs, seen, name } = phrases;
  return [id, state, cpu, memory, runs, seen, name].map((phrase) => say(phrase));
}

function nodeRow(node: NodeView): readonly string[] {
  const { load, capacity } = node;
  return [
    shortId(node.id),
    node.schedulable === 'yes' ? node.state : `${node.state}, ${node.schedulable}`,
    load === null ? '-' : formatPercent(load.cpu),
    capacity === null ? '-' : formatBytes(capacity.memory),
    String(node.allocations.length),
    formatAge(node.lastSeenAt, Date.now()),
    node.name,
  ];
}

function describeNode(node: NodeView, { say, out }: CommandContext): readonly string[] {
  const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
  return [
    `${node.name}  ${node.id}`,
    `${node.state}, ${say(phrases.schedulable[node.schedulable])}  (${say(phrases.pool)} ${node.pool})`,
    [node.os, node.cpuModel, node.capacity && formatBytes(node.capacity.memory), node.agentVersion]
      .filter((part) => part !== null && part !== '')
      .join(', '),
    ...(labels.length > 0 ? [`${say(phrases.labels)}: ${labels.join(' ')}`] : []),
    `${say(phrases.can)}: ${node.capabilities.map((capability) => `${capability.name} ${capability.version ?? ''}`.trim()).join(', ') || '-'}`,
    ...(node.allocations.length > 0
      ? [
          '',
          ...out.table(
            [say(phrases.id), say(phrases.state), say(phrases.kind), ''],
            node.allocations.map((allocation) => [
              shortId(allocation.id),
              allocation.state,
              allocation.kind,
              allocation.jobName ?? '',
            ]),
          ),
        ]
      : []),
  ];
}

const phrases = {
  none: {
    en: 'No machines. `backlot nodes join-token` shows how one joins.',
    'zh-CN': '没有节点。`backlot nodes join-token` 会说明如何接入。',
  },
  id: { en: 'ID', 'zh-CN': '编号' },
  state: { en: 'STATE', 'zh-CN': '状态' },
  cpu: { en: 'CPU', 'zh-CN': 'CPU' },
  memory: { en: 'MEMORY', 'zh-CN': '内存' },
  runs: { en: 'RUNS', 'zh-CN': '运行' },
  seen: { en: 'SEEN', 'zh-CN': '最近在线' },
  name: { en: 'NAME', 'zh-CN': '名称' },
  kind: { en: 'KIND', 'zh-CN': '类型' },
  pool: { en: 'pool', 'zh-CN': '资源池' },
  labels: { en: 'Labels', 'zh-CN': '标签' },
  can: { en: 'Can do', 'zh-CN': '能力' },
  drainPreview: {
    en: '{name}: {moves} will move, {waits} will be waited for.',
    'zh-CN': '{name}：{moves} 项将迁移，{waits} 项将等待结束。',
  },
  drainAsk: { en: 'Drain {name}?', 'zh-CN': '排空 {name}？' },
  removeAsk: {
    en: 'Remove {name} for good? To come back it needs a new join token.',
    'zh-CN': '永久移除 {name}？再次接入需要新的接入令牌。',
  },
  removed: { en: '{name} is no longer part of the fleet.', 'zh-CN': '{name} 已移出。' },
  joinHint: {
    en: 'Run this on the new machine. The token is shown only now.',
    'zh-CN': '请在新机器上运行以下命令。令牌仅显示这一次。',
  },
  schedulable: {
    yes: { en: 'takes work', 'zh-CN': '接受工作' },
    cordoned: { en: 'cordoned: takes no new work', 'zh-CN': '已停止调度：不接受新工作' },
    draining: { en: 'draining: its work moves elsewhere', 'zh-CN': '排空中：工作正在迁移' },
  },
} as const satisfies Record<string, Phrase | Record<NodeView['schedulable'], Phrase>>;
