import { Button, CopyButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { showProblem } from '../api/problem.ts';
import { useGlossary } from '../i18n/glossary.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import classes from './problem-notice.module.css';

export const problemTexts = defineTexts('parts-problem', {
  request: { en: 'Request {{id}}', 'zh-CN': '请求 {{id}}' },
});

interface ProblemNoticeProps {
  readonly error: unknown;
  /** Shown as a button when trying again can help. */
  readonly onRetry?: (() => void) | undefined;
  /** One line without a frame, for beside a field or in a row. */
  readonly inline?: boolean;
}

/** An error in words, beside what caused it: what is wrong, what to do, and what finds it in the log. */
export function ProblemNotice({ error, onRetry, inline = false }: ProblemNoticeProps) {
  const { language } = useLanguage();
  const say = useTexts(problemTexts);
  const word = useGlossary();
  if (error === null || error === undefined) return null;
  const problem = showProblem(error, language);
  return (
    <div className={classes.notice} data-inline={inline || undefined} role="alert">
      <IconAlertTriangle size={16} className={classes.icon} aria-hidden="true" />
      <div className={classes.body}>
        <p>{problem.sentence}</p>
        {problem.issues.length > 0 && (
          <ul className={classes.issues}>
            {problem.issues.map((issue) => (
              <li key={`${issue.pointer} ${issue.message}`}>
                {issue.pointer && <code>{issue.pointer}</code>} {issue.message}
              </li>
            ))}
          </ul>
        )}
        {!inline && (
          <p className={classes.meta}>
            <code>{problem.code}</code>
            {problem.requestId && (
              <CopyButton value={problem.requestId}>
                {({ copied, copy }) => (
                  <button type="button" className={classes.request} onClick={copy}>
                    {copied ? word('do.copied') : say('request', { id: problem.requestId ?? '' })}
                  </button>
                )}
              </CopyButton>
            )}
          </p>
        )}
      </div>
      {onRetry && problem.retryable && (
        <Button variant="default" size="compact-xs" onClick={onRetry}>
          {word('do.retry')}
        </Button>
      )}
    </div>
  );
}
