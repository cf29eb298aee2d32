import { type CommandContext, UsageError } from '@backlot/cli/command';
import type { PhraseTable } from '@backlot/contract/phrase';
import type { z } from 'zod';
import { type TargetKind, targetShapes } from '../contract.ts';

const words = {
  pair: { en: '{text} is no name=value.', 'zh-CN': '{text} 不是 名称=值 的形式。' },
  unknown: {
    en: 'A target of the kind {kind} has no {name}. It has: {names}.',
    'zh-CN': '{kind} 类型的目标没有 {name}。可用：{names}。',
  },
  none: { en: 'A target of the kind {kind} has no {name}.', 'zh-CN': '{kind} 类型的目标没有 {name}。' },
} as const satisfies PhraseTable;
type Say = CommandContext['say'];

/** `name=value`, as it is typed. @throws UsageError */
export function readPair(text: string, say: Say): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(say(words.pair, { text }));
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Typed settings, each of the type that its target wants: `chatId=-100` is text where the setting is text, and `port=25` a
 * number where it is one. What fits neither goes on as it was typed, for the control plane to refuse with its own sentence.
 * @throws UsageError for a name that the kind does not have
 */
export function readSettings(kind: TargetKind, typed: readonly string[], say: Say): Record<string, unknown> {
  const shape: Readonly<Record<string, z.ZodType>> = targetShapes[kind].settings.shape;
  return Object.fromEntries(
    typed.map((text) => {
      const [name, value] = readPair(text, say);
      const field = known(shape, name, kind, say);
      return [name, field.safeParse(value).success ? value : fromJson(value)];
    }),
  );
}

/** @throws UsageError for a secret that the kind does not have */
export function checkSecretName(kind: TargetKind, name: string, say: Say): string {
  known(targetShapes[kind].secrets.shape, name, kind, say);
  return name;
}

function known(
  shape: Readonly<Record<string, z.ZodType>>,
  name: string,
  kind: TargetKind,
  say: Say,
): z.ZodType {
  const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
  if (field) return field;
  const names = Object.keys(shape).join(', ');
  throw new UsageError(say(names === '' ? words.none : words.unknown, { kind, name, names }));
}

/** JSON where it is JSON, else the text. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
