import type { Phrase } from '@backlot/contract/phrase';
import type { ConsoleKind, ConsoleRequest } from '../../contract/api.ts';
import { LogLevel, LogTag, logLevels, logTags } from '../../contract/media/settings.ts';

/** What a line of the console means. */
export type Parsed =
  | { readonly do: 'nothing' }
  | { readonly do: 'help' }
  | { readonly do: 'quit' }
  | { readonly do: 'ask'; readonly request: ConsoleRequest }
  | { readonly do: 'complain'; readonly about: Phrase; readonly params: Readonly<Record<string, string>> };

/** A command of the console: those of mediasoup-demo by their own names, over all nodes. */
export interface ConsoleCommand {
  /** Short and long name. */
  readonly names: readonly [string, ...string[]];
  readonly usage: string;
  readonly help: Phrase;
  /** What its argument may be, for completion: fixed words, or ids of a kind. */
  readonly argument?: readonly string[] | ConsoleKind;
  parse(args: readonly string[]): Parsed;
}

const kinds = [
  ['WebRtcServer', 'wrs', 'webRtcServer'],
  ['Router', 'r', 'router'],
  ['Transport', 't', 'transport'],
  ['Producer', 'p', 'producer'],
  ['Consumer', 'c', 'consumer'],
  ['DataProducer', 'dp', 'dataProducer'],
  ['DataConsumer', 'dc', 'dataConsumer'],
] as const satisfies readonly (readonly [string, string, ConsoleKind])[];

const dumps: readonly ConsoleCommand[] = kinds.map(([name, short, kind]) => ({
  names: [`d${short}`, `dump${name}`],
  usage: `d${short}, dump${name} [id]`,
  help: {
    en: `everything about a ${name}; the newest without an id`,
    'zh-CN': `显示 ${name} 的全部信息；不带 id 时为最新的`,
  },
  argument: kind,
  parse: ([id]) => ask({ command: 'dump', kind, ...(id === undefined ? {} : { id }) }),
}));

const statistics: readonly ConsoleCommand[] = kinds.slice(2).map(([name, short, kind]) => ({
  names: [`s${short}`, `stats${name}`],
  usage: `s${short}, stats${name} [id]`,
  help: {
    en: `statistics of a ${name}; the newest without an id`,
    'zh-CN': `显示 ${name} 的统计；不带 id 时为最新的`,
  },
  argument: kind,
  parse: ([id]) =>
    ask({
      command: 'stats',
      kind: kind as Extract<ConsoleRequest, { command: 'stats' }>['kind'],
      ...(id === undefined ? {} : { id }),
    }),
}));

export const consoleCommands: readonly ConsoleCommand[] = [
  {
    names: ['h', 'help'],
    usage: 'h, help',
    help: { en: 'this list', 'zh-CN': '显示此列表' },
    parse: () => ({ do: 'help' }),
  },
  {
    names: ['u', 'usage'],
    usage: 'u, usage',
    help: { en: 'CPU and memory of every host and worker', 'zh-CN': '各主机和 worker 的 CPU 与内存' },
    parse: () => ask({ command: 'usage' }),
  },
  {
    names: ['d', 'dump', 'rooms'],
    usage: 'd, dump, rooms',
    help: { en: 'rooms, and what each has', 'zh-CN': '房间及其内容' },
    parse: () => ask({ command: 'rooms' }),
  },
  {
    names: ['logLevel'],
    usage: 'logLevel <level>',
    help: {
      en: `log of all workers: ${logLevels.join(', ')}`,
      'zh-CN': `所有 worker 的日志级别：${logLevels.join('、')}`,
    },
    argument: logLevels,
    parse([level]) {
      const parsed = LogLevel.safeParse(level);
      if (parsed.success) return ask({ command: 'logLevel', level: parsed.data });
      return complain(phrases.oneOf, { words: logLevels.join(', ') });
    },
  },
  {
    names: ['logTags'],
    usage: 'logTags [tag …]',
    help: { en: 'what workers log about, at once', 'zh-CN': '立即更改 worker 的日志标签' },
    argument: logTags,
    parse(args) {
      const tags = LogTag.array().safeParse(args);
      if (tags.success) return ask({ command: 'logTags', tags: tags.data });
      return complain(phrases.oneOf, { words: logTags.join(', ') });
    },
  },
  {
    names: ['dw', 'dumpWorkers'],
    usage: 'dw, dumpWorkers',
    help: { en: 'everything about every worker', 'zh-CN': '显示所有 worker 的全部信息' },
    parse: () => ask({ command: 'dump', kind: 'worker' }),
  },
  ...dumps,
  ...statistics,
  {
    names: ['q', 'quit'],
    usage: 'q, quit',
    help: { en: 'leave; nothing else ends', 'zh-CN': '退出（不影响任何服务）' },
    parse: () => ({ do: 'quit' }),
  },
];

const byName = new Map(
  consoleCommands.flatMap((command) => command.names.map((name) => [name, command] as const)),
);

export function findCommand(name: string): ConsoleCommand | undefined {
  return byName.get(name);
}

/** What a line means. Pure. */
export function parseLine(line: string): Parsed {
  const [name, ...args] = line.trim().split(/\s+/);
  if (name === undefined || name === '') return { do: 'nothing' };
  return byName.get(name)?.parse(args) ?? complain(phrases.unknown, { command: name });
}

function ask(request: ConsoleRequest): Parsed {
  return { do: 'ask', request };
}

function complain(about: Phrase, params: Record<string, string>): Parsed {
  return { do: 'complain', about, params };
}

const phrases = {
  unknown: {
    en: 'There is no command “{command}”. Type help for the list.',
    'zh-CN': '没有“{command}”命令。输入 help 查看列表。',
  },
  oneOf: { en: 'It is one of: {words}', 'zh-CN': '可选值：{words}' },
} as const satisfies Record<string, Phrase>;
