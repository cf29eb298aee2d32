import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { durationMs } from '@backlot/contract/flow/duration';
import type { Phrase } from '@backlot/contract/phrase';
import type { Agent, AgentOptions } from '@backlot/node/agent/agent';
import { openTracer, tracingEnvironment } from '@backlot/tracing';
import { z } from 'zod';
import { type CommandContext, defineCommand, type OptionSpec } from '../command.ts';
import { thisMachine } from '../config/data-dir.ts';
import { loadConfig } from '../config/load.ts';
import { type NodeSettings, nodeSettings } from '../config/node-settings.ts';
import { Interrupt } from '../interrupt.ts';
import type { Product } from '../product.ts';
import { untilAborted } from '../serve/until-aborted.ts';
import { type SupervisorChannel, supervisorChannel } from '../supervisor-channel.ts';

/** What runs here may take so long to end when the agent is stopped; then it is killed. */
const graceMs = 3500;

const options: readonly OptionSpec[] = [
  { flags: '-c, --config <file>', description: { en: 'configuration file', 'zh-CN': '配置文件' } },
  { flags: '--join <url>', description: { en: 'address of the control plane', 'zh-CN': '控制面地址' } },
  {
    flags: '--token <token>',
    description: {
      en: 'join token; better in BACKLOT_JOIN_TOKEN, where no other user of the machine sees it',
      'zh-CN': '接入令牌；建议放在 BACKLOT_JOIN_TOKEN 中，以免被本机其他用户看到',
    },
  },
  {
    flags: '--name <name>',
    description: { en: 'name of the node', 'zh-CN': '节点名称' },
    defaultText: "the machine's",
  },
  { flags: '--label <key=value...>', description: { en: 'labels of the node', 'zh-CN': '节点标签' } },
  {
    flags: '--data-dir <folder>',
    description: { en: 'folder for everything that is kept', 'zh-CN': '数据目录' },
  },
  {
    flags: '--on-stop <what>',
    description: {
      en: 'what becomes of running work when this is stopped',
      'zh-CN': '停止时如何处理正在运行的工作',
    },
    choices: ['end', 'keep'],
    defaultText: 'end',
  },
  {
    flags: '--alone-after <duration>',
    description: {
      en: 'run flows of its own recordings when the control plane has been away for so long',
      'zh-CN': '控制面失联多久之后自行运行其录制内容的流程',
    },
    defaultText: '30s',
  },
];

const input = z.object({
  config: z.string().optional(),
  join: z.string().optional(),
  token: z.string().optional(),
  name: z.string().optional(),
  label: z.array(z.string()).optional(),
  dataDir: z.string().optional(),
  onStop: z.string().optional(),
  aloneAfter: z.string().optional(),
});

/** `backlot node`: the agent of this machine. */
export function nodeCommand(product: Product) {
  return defineCommand({
    name: 'node',
    summary: { en: 'Make this machine a node of a fleet', 'zh-CN': '把本机加入为节点' },
    description: {
      en: 'Make this machine a node of a fleet and run the work that it is given. The join token is needed once; afterwards the node signs in with a key of its own. Its log goes to standard output.',
      'zh-CN':
        '把本机加入为节点并执行分配的工作。接入令牌只需使用一次，之后节点使用自己的密钥登录。日志写到标准输出。',
    },
    options,
    examples: [
      {
        command: 'BACKLOT_JOIN_TOKEN=blj_… backlot node --join https://backlot.example.com',
        description: { en: 'The first time', 'zh-CN': '首次加入' },
      },
      {
        command: 'backlot node --on-stop keep',
        description: { en: 'As a service that restarts', 'zh-CN': '作为会重启的系统服务' },
      },
    ],
    input,
    async run(context, typed) {
      const settings = readSettings(context, typed);
      const { controlUrl } = settings;
      if (controlUrl === undefined) throw new BacklotError(cliErrors.control_url_missing);
      const channel = supervisorChannel(process);
      const [{ createAgent }, { createLog }, tracer, workloads] = await Promise.all([
        import('@backlot/node/agent/agent'),
        import('@backlot/control/telemetry/log'),
        openTracer({ service: 'backlot-node', env: context.env }),
        Promise.all(product.workloads.map((workload) => workload.node())),
      ]);
      const agent = await join(createAgent, channel, {
        controlUrl,
        joinToken: settings.joinToken,
        dataDir: settings.dataDir,
        name: settings.nodeName,
        labels: settings.labels,
        workloads,
        alone: { afterMs: durationMs(settings.aloneAfter) },
        log: createLog({ name: 'node', level: settings.logLevel }),
        tracer,
        hostEnvironment: tracingEnvironment(context.env),
        signal: context.signal,
      });
      try {
        await announce(context, channel, agent, controlUrl);
        await untilAborted(context.signal);
      } finally {
        await agent.close({ work: workAtEnd(context.signal, settings), graceMs });
        await tracer.close();
      }
      return undefined;
    },
  });
}

function readSettings(
  { env, cwd }: CommandContext,
  { config, join: controlUrl, token, name, label, dataDir, onStop, aloneAfter }: z.output<typeof input>,
): NodeSettings {
  const machine = thisMachine(env);
  const labels = label?.join(',');
  const flags = { controlUrl, joinToken: token, nodeName: name, labels, dataDir, onStop, aloneAfter };
  return loadConfig(nodeSettings(machine), { machine, kind: 'node', file: config, flags, cwd }).values;
}

/** The agent of a machine that has joined, or joins with the token that it was given or that `up` gets for it. */
async function join(
  createAgent: (options: AgentOptions) => Promise<Agent>,
  channel: SupervisorChannel | undefined,
  options: AgentOptions & { readonly signal: AbortSignal },
): Promise<Agent> {
  try {
    return await createAgent(options);
  } catch (error) {
    const missing = error instanceof BacklotError && error.code === 'join_token_missing';
    if (!missing || !channel) throw error;
    return createAgent({ ...options, joinToken: await askForToken(channel, options.signal) });
  }
}

/** Asks until it is told: the control plane may be between two lives when the first question comes. */
function askForToken(channel: SupervisorChannel, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = () => channel.tell({ t: 'join-token-wanted' });
    const again = setInterval(ask, 1000);
    const end = () => {
      clearInterval(again);
      reject(signal.reason);
    };
    signal.addEventListener('abort', end, { once: true });
    channel.onMessage((message) => {
      if (message.t !== 'join-token') return;
      clearInterval(again);
      signal.removeEventListener('abort', end);
      resolve(message.token);
    });
    ask();
  });
}

/** Says so once the control plane has welcomed the node; a refusal ends the command, an interruption does not wait. */
async function announce(
  { out, say, signal }: CommandContext,
  channel: SupervisorChannel | undefined,
  agent: Agent,
  url: string,
): Promise<void> {
  const welcomed = await Promise.race([agent.ready.then(() => true), untilAborted(signal).then(() => false)]);
  if (!welcomed) return;
  const { nodeId, name } = agent;
  if (channel) channel.tell({ t: 'node-ready', nodeId, name });
  else out.note(say(phrases.ready, { name, url }));
}

/** When our supervisor was killed nobody has decided that the work should end. */
function workAtEnd(signal: AbortSignal, { onStop }: NodeSettings): 'keep' | 'end' {
  const { reason } = signal;
  return reason instanceof Interrupt && reason.why === 'parent-gone' ? 'keep' : onStop;
}

const phrases = {
  ready: { en: 'This machine is the node {name} of {url}.', 'zh-CN': '本机已作为节点 {name} 加入 {url}。' },
} as const satisfies Record<string, Phrase>;
