import { type NamedFile, readInput, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconCube3dSphere } from '@tabler/icons-react';
import { type ReactNode, useRef } from 'react';
import { renderTexts } from '../texts.ts';
import classes from './drop-zone.module.css';

interface DropZoneProps {
  readonly onFiles: (files: readonly NamedFile[]) => void;
  readonly compact?: boolean;
  readonly disabled?: boolean;
  /** Why it is disabled, or another way to a model. */
  readonly children?: ReactNode;
}

/** The first thing that a new user sees: where to put a model. Drops are taken by the whole page; this says so. */
export function DropZone({ onFiles, compact = false, disabled = false, children }: DropZoneProps) {
  const say = useTexts(renderTexts);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement | null) => {
    if (!input) return;
    const chosen = readInput(input);
    // The same file can be chosen again only if the field forgets it.
    input.value = '';
    if (chosen.length > 0) onFiles(chosen);
  };
  return (
    <div className={classes.zone} data-compact={compact || undefined}>
      {!compact && <IconCube3dSphere size={44} stroke={1.2} className={classes.icon} aria-hidden="true" />}
      <h2 className={classes.title}>{say('drop.title')}</h2>
      <p className={classes.text}>{say('drop.text')}</p>
      <div className={classes.ways}>
        <Button size="sm" disabled={disabled} onClick={() => files.current?.click()}>
          {say('drop.choose')}
        </Button>
        <Button size="sm" variant="default" disabled={disabled} onClick={() => folder.current?.click()}>
          {say('drop.folder')}
        </Button>
      </div>
      {children}
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-role="files"
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={(element) => {
          folder.current = element;
          // Not among React's attributes.
          element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        multiple
        hidden
        data-role="folder"
        onChange={(event) => take(event.currentTarget)}
      />
    </div>
  );
}
