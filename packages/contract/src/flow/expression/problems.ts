import type { PhraseTable } from '../../phrase.ts';

/** What can be wrong with an expression or a template, a few words each. */
export const expressionProblems = {
  expected: { en: 'expected {wanted}, found {found}', 'zh-CN': '此处应为 {wanted}，实际是 {found}' },
  'expected-end': { en: 'expected the end, found {found}', 'zh-CN': '此处应当结束，实际是 {found}' },
  'expected-value': { en: 'expected a value, found {found}', 'zh-CN': '此处应为一个值，实际是 {found}' },
  'expected-name': { en: 'expected a name, found {found}', 'zh-CN': '此处应为一个名称，实际是 {found}' },
  'early-end': { en: 'expected {wanted}, found the end', 'zh-CN': '此处应为 {wanted}，但已结束' },
  'early-end-value': { en: 'expected a value, found the end', 'zh-CN': '此处应为一个值，但已结束' },
  'early-end-name': { en: 'expected a name, found the end', 'zh-CN': '此处应为一个名称，但已结束' },
  deep: { en: 'nested too deep', 'zh-CN': '嵌套过深' },
  function: { en: 'no function is called {name}', 'zh-CN': '没有名为 {name} 的函数' },
  values: { en: '{name} takes another number of values', 'zh-CN': '{name} 的参数个数不符' },
  long: { en: 'longer than {limit} characters', 'zh-CN': '超过 {limit} 个字符' },
  unexpected: { en: 'unexpected "{char}"', 'zh-CN': '意外的字符“{char}”' },
  escape: { en: 'unknown escape in a text', 'zh-CN': '文本中有无法识别的转义' },
  'text-end': { en: 'a text has no end', 'zh-CN': '文本没有结束引号' },
  'text-long': { en: 'a text grows too long', 'zh-CN': '文本过长' },
  braces: { en: '"{open}" has no "{close}"', 'zh-CN': '“{open}”没有对应的“{close}”' },
  'parameters-deep': { en: 'parameters are nested too deep', 'zh-CN': '参数嵌套过深' },
  /** Around one of the others. */
  at: { en: '{problem} (character {n})', 'zh-CN': '{problem}（第 {n} 个字符）' },
} as const satisfies PhraseTable;
export type ExpressionProblem = Exclude<keyof typeof expressionProblems, 'at'>;
