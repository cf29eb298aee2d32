import { BacklotError, type Reason, reason } from '@backlot/contract';
import { z } from 'zod';
import {
  type AppPatch,
  AppRecipe,
  importPhrases,
  type PixelmanImported,
  SessionLimits,
  streamErrors,
} from '../../contract.ts';
import { parseLenient } from './lenient-json.ts';
import { splitCommand } from './split-command.ts';

/** What of the two files of pixelman 0.0.5 is known; the rest is let through and mentioned. */
const Manage = z.looseObject({
  playerTimeout: z.number().nonnegative().optional(),
  preLunchInstance: z.union([z.number().int().nonnegative(), z.boolean()]).optional(),
  httpPort: z.number().optional(),
  streamerPort: z.number().optional(),
  renderServerPort: z.number().optional(),
  peerConnectionOptions: z.unknown().optional(),
});
const Render = z.looseObject({
  renderName: z.string().optional(),
  maxInstance: z.number().int().positive().optional(),
  nvidiaSmiPath: z.string().nullish(),
  task: z.looseObject({ cwd: z.string().nullish(), exec: z.string() }),
  peerConnectionOptions: z.unknown().optional(),
});

const unused = {
  manage: [
    'enableFrontend',
    'enableDashboard',
    'httpHost',
    'httpPort',
    'streamerPort',
    'renderServerHost',
    'renderServerPort',
  ],
  render: ['renderName', 'renderServerHost', 'renderServerPort', 'renderServerURL', 'nvidiaSmiPath'],
  both: ['logLevel', 'logToFile', 'logfilePath'],
};

/**
 * Reads a configuration of pixelman, of its manager or of one of its render machines, into what an app is made of here.
 * Nothing is stored and nothing is run.
 * @throws import_unreadable
 */
export function importPixelman(config: string | Readonly<Record<string, unknown>>): PixelmanImported {
  const value = typeof config === 'string' ? parse(config) : config;
  if (typeof value !== 'object' || value === null) throw unreadable('it is no JSON object.');
  return 'task' in value ? importRender(value) : importManage(value);
}

function parse(text: string): unknown {
  try {
    return parseLenient(text);
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : 'it is no JSON.', cause);
  }
}

function importManage(value: unknown): PixelmanImported {
  const parsed = Manage.safeParse(value);
  if (!parsed.success) throw unreadable(whereOf(parsed.error));
  const { playerTimeout, preLunchInstance: warm, ...rest } = parsed.data;
  const known = playerTimeout !== undefined || 'streamerPort' in rest || 'renderServerPort' in rest;
  if (!known) throw unreadable('it has neither "task" nor "playerTimeout".');
  const notes: Reason[] = [];
  const settings: { -readonly [K in keyof AppPatch]: AppPatch[K] } = {};
  if (playerTimeout !== undefined) {
    const seconds = Math.min(3_600, Math.round(playerTimeout));
    settings.limits = SessionLimits.parse({ disconnectSeconds: seconds });
    notes.push(reason(importPhrases, 'streams.import.disconnect', { seconds }));
  }
  if (warm !== undefined) {
    settings.warm = Number(warm);
    notes.push(reason(importPhrases, 'streams.import.warm', { count: Number(warm) }));
  }
  notes.push(...peerNote(rest.peerConnectionOptions), ...leftOut(rest, [...unused.manage, ...unused.both]));
  return { kind: 'manage', recipe: null, settings, notes };
}

function importRender(value: unknown): PixelmanImported {
  const parsed = Render.safeParse(value);
  if (!parsed.success) throw unreadable(whereOf(parsed.error));
  const { task, maxInstance, ...rest } = parsed.data;
  const words = splitCommand(task.exec);
  if ('kind' in words) {
    const said = {
      'open-quote': 'a quote in "task.exec" is not closed.',
      empty: '"task.exec" is empty.',
      shell: `"task.exec" needs a shell ("${words.kind === 'shell' ? words.what : ''}"). Put it into a script and name the script.`,
    };
    throw unreadable(said[words.kind]);
  }
  const notes: Reason[] = [];
  const argv = words.map((word) => rewriteUrl(word, notes));
  // pixelman told instances apart by this alone; here the address does it, so either may hold it.
  if (!argv.some((word) => word.includes('{signallingUrl}'))) {
    argv.push('-PixelStreamingURL={signallingUrl}');
    notes.push(reason(importPhrases, 'streams.import.url_added'));
  }
  if (maxInstance !== undefined)
    notes.push(reason(importPhrases, 'streams.import.per_node', { count: maxInstance }));
  if (isShell(argv[0]))
    notes.push(reason(importPhrases, 'streams.import.script', { program: argv[0] ?? '' }));
  const recipe = AppRecipe.safeParse({
    launch: { argv, ...(task.cwd ? { cwd: task.cwd } : {}) },
    resources: { perNode: maxInstance ?? null },
  });
  if (!recipe.success) throw unreadable(whereOf(recipe.error));
  notes.push(...peerNote(rest.peerConnectionOptions), ...leftOut(rest, [...unused.render, ...unused.both]));
  return { kind: 'render', recipe: recipe.data, settings: {}, notes };
}

/** The address of the signalling server is ours; `{taskId}` in it is not needed any more, elsewhere it stays. */
function rewriteUrl(word: string, notes: Reason[]): string {
  const match = /^(-{1,2}(?:PixelStreamingURL|PixelStreamingIP|PixelStreamingPort)=)(.*)$/is.exec(word);
  if (!match) return word;
  const [, flag = '', value = ''] = match;
  if (!/url=$/i.test(flag)) {
    notes.push(reason(importPhrases, 'streams.import.old_flag', { flag: flag.slice(0, -1), value }));
    return word;
  }
  notes.push(reason(importPhrases, 'streams.import.url', { before: value }));
  return `${flag}{signallingUrl}`;
}

function isShell(program: string | undefined): boolean {
  return program !== undefined && /(^|[\\/])(sh|bash|zsh|cmd(\.exe)?|powershell(\.exe)?)$/i.test(program);
}

function peerNote(options: unknown): Reason[] {
  const empty = typeof options !== 'object' || options === null || Object.keys(options).length === 0;
  return empty ? [] : [reason(importPhrases, 'streams.import.peer_options')];
}

/** Settings that have their place elsewhere here, or none. */
function leftOut(rest: Readonly<Record<string, unknown>>, known: readonly string[]): Reason[] {
  const names = Object.keys(rest).filter((name) => name !== 'peerConnectionOptions');
  const ours = names.filter((name) => known.includes(name));
  const foreign = names.filter((name) => !known.includes(name));
  return [
    ...(ours.length > 0
      ? [reason(importPhrases, 'streams.import.elsewhere', { names: ours.join(', ') })]
      : []),
    ...(foreign.length > 0
      ? [reason(importPhrases, 'streams.import.unknown', { names: foreign.join(', ').slice(0, 300) })]
      : []),
  ];
}

function whereOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `${issue.path.join('.') || 'the file'}: ${issue.message}` : 'it does not fit.';
}

function unreadable(detail: string, cause?: unknown): BacklotError {
  return new BacklotError(streamErrors.import_unreadable, {
    params: { detail },
    pointer: 'config',
    ...(cause === undefined ? {} : { cause }),
  });
}
