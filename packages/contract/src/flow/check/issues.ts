import { fill, type Language, type Phrase, type PhraseParams, type PhraseTable } from '../../phrase.ts';
import type { FlowIssue } from '../issue.ts';
import { flowIssuePhrases } from './issue-phrases.ts';

export type FlowIssueCode = keyof typeof flowIssuePhrases & string;

/** Makes an issue; its message is English, whoever answers a person says it in theirs. */
export function flowIssue(
  code: FlowIssueCode,
  path: readonly (string | number)[],
  params: PhraseParams = {},
  more: Partial<Pick<FlowIssue, 'step' | 'severity' | 'way' | 'problem'>> = {},
): FlowIssue {
  const issue: FlowIssue = {
    path: [...path],
    code,
    params: more.problem ? { ...params, problem: more.problem.en } : params,
    message: '',
    severity: 'error',
    ...more,
  };
  return { ...issue, message: sayIssue(issue, 'en') };
}

/** What flows through wires, in words. */
const typeWords: Readonly<Record<string, Phrase>> = {
  file: { en: 'a file', 'zh-CN': '文件' },
  files: { en: 'files', 'zh-CN': '一组文件' },
  data: { en: 'data', 'zh-CN': '数据' },
};

/** The sentence of an issue in a language, with its details in the same. */
export function sayIssue(issue: FlowIssue, language: Language): string {
  const phrase = (flowIssuePhrases as PhraseTable)[issue.code];
  if (!phrase) return issue.message;
  const { wanted, given } = issue.params;
  const word = (type: unknown) => typeWords[String(type)]?.[language] ?? String(type);
  return fill(
    phrase,
    {
      ...issue.params,
      ...(issue.problem ? { problem: issue.problem[language] } : {}),
      ...(wanted === undefined ? {} : { wanted: word(wanted) }),
      ...(given === undefined ? {} : { given: word(given) }),
    },
    language,
  );
}
