import type { Language, ProblemIssue } from '@backlot/contract';
import type { FastifySchemaValidationError } from 'fastify';
import { z } from 'zod';

/** zod's own sentences begin so; any other text is one of our schemas' and stays as it is. */
const zodSentence = /^(Invalid|Too (big|small)|Unrecognized)/;

const chinese = z.locales.zhCN().localeError;

/**
 * The faults that a schema found, each with its place in the request (`body.name`) and a sentence in the reader's
 * language.
 */
export function validationIssues(
  faults: readonly FastifySchemaValidationError[],
  part: string,
  language: Language,
): ProblemIssue[] {
  return faults.slice(0, 50).map((fault) => {
    const path = fault.instancePath.split('/').filter((step) => step !== '');
    return { pointer: [part, ...path].join('.'), message: sentence(fault, path, language) };
  });
}

function sentence(fault: FastifySchemaValidationError, path: string[], language: Language): string {
  const message = fault.message ?? 'Invalid input';
  if (language !== 'zh-CN' || !zodSentence.test(message)) return message;
  // The provider keeps what zod found apart from path, code and message; together they are zod's issue again.
  const issue = { ...fault.params, code: fault.keyword, path, input: undefined };
  const translated = chinese(issue as unknown as Parameters<typeof chinese>[0]);
  return (typeof translated === 'string' ? translated : translated?.message) ?? message;
}
