import { Popover, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useTexts } from '../../../i18n/texts.ts';
import { flowTexts } from '../texts.ts';
import classes from './flow-editor.module.css';
import type { ShownIssue } from './issues.ts';

/** Whether the flow could run as it stands, and if not, everything that keeps it from it. */
export function CheckLine({
  issues,
  answer,
  onSelect,
}: {
  readonly issues: readonly ShownIssue[];
  /** Of the control plane, which knows what the text alone does not tell. Without one nothing is promised. */
  readonly answer: 'given' | 'awaited' | 'failed';
  readonly onSelect: (id: string) => void;
}) {
  const say = useTexts(flowTexts);
  if (issues.length === 0 && answer !== 'given') {
    return (
      <span className={classes.ok} role="status">
        {say(answer === 'failed' ? 'check.failed' : 'check.awaited')}
      </span>
    );
  }
  if (issues.length === 0) {
    return (
      <span className={classes.ok} role="status">
        <IconCheck size={14} aria-hidden="true" /> {say('check.ok')}
      </span>
    );
  }
  return (
    <Popover position="bottom-start" width={380}>
      <Popover.Target>
        <UnstyledButton className={classes.faulty}>
          <IconAlertTriangle size={14} aria-hidden="true" /> {say('check.faults', { count: issues.length })}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <ul className={classes.issues} aria-label={say('check.list')}>
          {issues.map((issue) => (
            <li key={issue.key}>
              <button
                type="button"
                className={classes.issue}
                disabled={issue.node === undefined}
                onClick={() => issue.node !== undefined && onSelect(issue.node)}
              >
                <span>{issue.sentence}</span>
                {issue.way.length > 0 && <span>{say('check.path', { path: issue.way.join(' → ') })}</span>}
                <span className="dim">
                  {issue.node !== undefined && <code>{issue.node}</code>}{' '}
                  {say('check.line', { line: issue.range.line })}
                </span>
              </button>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
