import { fill, type Language, languages, type Phrase, type PhraseParams } from '../../phrase.ts';
import { type ExpressionProblem, expressionProblems } from './problems.ts';

/** Why an expression or a template can't be used. Its message is English; `problem` says the same in every language. */
export class ExpressionError extends Error {
  readonly code: 'flow.expression_syntax' | 'flow.expression_long' | 'flow.expression_value';
  readonly problem: Phrase;
  /** Character of the source, from 0. */
  readonly position: number;

  constructor(
    code: ExpressionError['code'],
    problem: ExpressionProblem,
    position: number,
    params: PhraseParams = {},
  ) {
    const sentence = (language: Language) =>
      fill(
        expressionProblems.at,
        { problem: fill(expressionProblems[problem], params, language), n: position + 1 },
        language,
      );
    super(sentence('en'));
    this.name = 'ExpressionError';
    this.code = code;
    this.problem = Object.fromEntries(languages.map((one) => [one, sentence(one)])) as Phrase;
    this.position = position;
  }
}
