import { ActionIcon, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useGlossary } from '../i18n/glossary.ts';
import classes from './copy-line.module.css';

/** A command, a secret or a link that is there to be copied. */
export function CopyLine({ value, label }: { readonly value: string; readonly label: string }) {
  const word = useGlossary();
  return (
    <div className={classes.line}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1) */}
      <code className={classes.value} title={label} tabIndex={0}>
        {value}
      </code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <ActionIcon onClick={copy} aria-label={`${word(copied ? 'do.copied' : 'do.copy')}: ${label}`}>
            {copied ? <IconCheck size={15} aria-hidden="true" /> : <IconCopy size={15} aria-hidden="true" />}
          </ActionIcon>
        )}
      </CopyButton>
    </div>
  );
}
