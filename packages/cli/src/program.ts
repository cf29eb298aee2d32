import { fill, type Language, type Phrase } from '@backlot/contract/phrase';
import { Argument, Command, CommanderError, Option } from 'commander';
import { type CliAction, type CliCommand, type CommandContext, UsageError } from './command.ts';
import type { ExitCode } from './exit-codes.ts';

/** Options that every command understands. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly language?: string;
}

export interface ProgramOptions {
  readonly version: string;
  readonly language: Language;
  readonly commands: readonly CliCommand[];
  readonly write: (text: string) => void;
  /** Makes the context once the global options are known. */
  readonly context: (options: GlobalOptions) => CommandContext;
}

/**
 * Parses a command line and runs its command.
 * @returns the exit code of the command; 0 when help or the version was asked for.
 * @throws CommanderError or UsageError for what was typed, and whatever the command throws.
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command('backlot');
  const { language } = options;
  const words = helpWords[language];
  program
    .description(phrases.about[language])
    .version(options.version, '-V, --version', phrases.version[language])
    .addOption(new Option('--json', phrases.json[language]))
    .addOption(new Option('--url <address>', phrases.url[language]))
    .addOption(new Option('--language <language>', phrases.language[language]).choices(['en', 'zh-CN']))
    .helpOption('-h, --help', phrases.help[language])
    .helpCommand('help [command]', phrases.help[language])
    .addHelpText('after', `\n${phrases.after[language]}`);
  prepare(program);
  for (const command of options.commands) program.addCommand(build(command));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are thrown as well; they are what was asked for. Help for a lack of a command is not.
      if (error.exitCode === 0) return 0;
      throw new UsageError(usageSentence(error, language));
    }
    throw error;
  }
  return exitCode;

  function prepare(command: Command): void {
    command
      .exitOverride()
      .configureOutput({ writeOut: options.write, writeErr: () => undefined, outputError: () => undefined })
      .configureHelp({ showGlobalOptions: true, styleTitle: (title) => words[title] ?? title })
      .showSuggestionAfterError(true);
  }

  function build(spec: CliCommand): Command {
    const command = new Command(spec.name).description(spec.summary[language]);
    command.helpOption('-h, --help', phrases.help[language]);
    prepare(command);
    if ('commands' in spec) {
      command.helpCommand('help [command]', phrases.help[language]);
      for (const inner of spec.commands) command.addCommand(build(inner));
      return command;
    }
    return buildAction(command, spec);
  }

  function buildAction(command: Command, spec: CliAction): Command {
    if (spec.description) command.summary(spec.summary[language]).description(spec.description[language]);
    for (const argument of spec.arguments ?? []) {
      const dots = argument.variadic ? '...' : '';
      const name = argument.optional ? `[${argument.name}${dots}]` : `<${argument.name}${dots}>`;
      command.addArgument(new Argument(name, argument.description[language]));
    }
    for (const { flags, description, choices, defaultText } of spec.options ?? []) {
      const text = description[language];
      const option = new Option(
        flags,
        defaultText === undefined ? text : `${text} (${words.default}: ${defaultText})`,
      );
      if (choices) option.choices([...choices]);
      command.addOption(option);
    }
    if (spec.examples && spec.examples.length > 0) {
      command.addHelpText('after', () => formatExamples(spec, language));
    }
    command.action(async () => {
      const own: Record<string, unknown> = { ...command.opts() };
      (spec.arguments ?? []).forEach((argument, index) => {
        own[argument.name] = command.processedArgs[index];
      });
      exitCode = await spec.run(options.context(program.opts<GlobalOptions>()), own);
    });
    return command;
  }
}

function formatExamples(spec: CliAction, language: Language): string {
  const examples = spec.examples ?? [];
  const width = Math.max(...examples.map((example) => example.command.length));
  const lines = examples.map(
    (example) => `  ${example.command.padEnd(width)}  ${example.description[language]}`,
  );
  return `\n${helpWords[language].Examples}\n${lines.join('\n')}`;
}

/** Commander's complaints, in the language of the reader. What was typed stands in them between quotes. */
function usageSentence(error: CommanderError, language: Language): string {
  const message = error.message.replace(/^error: /, '');
  const [what = ''] = /'[^']*'/.exec(message) ?? [];
  const phrase = usagePhrases[error.code];
  const suggestion = /\(Did you mean (.+?)\?\)/.exec(message)?.[1];
  const hint = suggestion === undefined ? '' : fill(phrases.meant, { suggestion }, language);
  if (error.code === 'commander.help') return phrases.commandNeeded[language];
  const choice = /^option '(.+)' argument '(.*)' is invalid\. Allowed choices are (.+)\.$/s.exec(message);
  if (choice) {
    const [, option = '', value = '', choices = ''] = choice;
    return fill(phrases.choice, { option, value, choices }, language);
  }
  return phrase && what !== '' ? `${fill(phrase, { what: what.slice(1, -1) }, language)}${hint}` : message;
}

const usagePhrases: Readonly<Record<string, Phrase>> = {
  'commander.unknownCommand': {
    en: 'There is no command {what}. `backlot --help` lists them.',
    'zh-CN': '没有命令 {what}。`backlot --help` 会列出全部命令。',
  },
  'commander.unknownOption': {
    en: 'There is no option {what} here. --help lists the ones there are.',
    'zh-CN': '此命令没有选项 {what}。--help 会列出可用选项。',
  },
  'commander.missingArgument': {
    en: '<{what}> is missing. --help shows how to write it.',
    'zh-CN': '缺少 <{what}>。--help 会说明写法。',
  },
  'commander.excessArguments': {
    en: '{what} takes fewer words than that. --help shows how to write it.',
    'zh-CN': '{what} 的参数过多。--help 会说明写法。',
  },
  'commander.optionMissingArgument': {
    en: '{what} needs a value behind it.',
    'zh-CN': '{what} 后面需要一个值。',
  },
};

const helpWords: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: { Examples: 'Examples:', default: 'default' },
  'zh-CN': {
    'Usage:': '用法：',
    'Arguments:': '参数：',
    'Options:': '选项：',
    'Global Options:': '通用选项：',
    'Commands:': '命令：',
    Examples: '示例：',
    default: '默认',
  },
};

const phrases = {
  about: {
    en: "Backlot runs a studio's machines as one: streams, rooms, recordings and renders on one fleet.",
    'zh-CN': 'Backlot 把工作室的所有机器当作一台来用：像素流、会议室、录制和渲染共用同一组节点。',
  },
  version: { en: 'print the version', 'zh-CN': '显示版本' },
  json: { en: 'print results as JSON', 'zh-CN': '以 JSON 输出结果' },
  url: {
    en: 'address of the control plane (also BACKLOT_URL)',
    'zh-CN': '控制面地址（也可用 BACKLOT_URL）',
  },
  language: {
    en: 'language of sentences (also BACKLOT_LANGUAGE)',
    'zh-CN': '显示语言（也可用 BACKLOT_LANGUAGE）',
  },
  help: { en: 'show help', 'zh-CN': '显示帮助' },
  after: {
    en: 'Start with `backlot up`. Exit codes: 0 done, 1 not successful, 2 wrong usage or configuration, 3 not allowed,\n4 not found, 5 not possible now, 6 not reachable, 70 defect, 130 Ctrl-C.',
    'zh-CN':
      '从 `backlot up` 开始。退出码：0 完成，1 未成功，2 用法或配置错误，3 无权限，\n4 不存在，5 当前状态不允许，6 无法连接，70 程序缺陷，130 Ctrl-C。',
  },
  meant: { en: ' Did you mean {suggestion}?', 'zh-CN': '您是否想输入 {suggestion}？' },
  choice: {
    en: '{option} takes one of {choices}, and not {value}.',
    'zh-CN': '{option} 只能是 {choices} 之一，不能是 {value}。',
  },
  commandNeeded: {
    en: 'Say what to do. `backlot --help` lists the commands.',
    'zh-CN': '请指定要执行的命令。`backlot --help` 会列出全部命令。',
  },
} as const satisfies Record<string, Phrase>;
