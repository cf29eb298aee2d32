import { type ReactNode, useEffect, useRef, useState } from 'react';
import classes from './drop-target.module.css';
import { readDrop } from './read-drop.ts';
import type { NamedFile } from './upload-list.ts';

interface DropTargetProps {
  /** What a drop will do, shown over the page while files hover over it. */
  readonly hint: string;
  readonly onFiles: (files: readonly NamedFile[]) => void;
  readonly disabled?: boolean;
  readonly children: ReactNode;
}

/** Takes files dropped anywhere on the page while it is shown: nobody has to aim. */
export function DropTarget({ hint, onFiles, disabled = false, children }: DropTargetProps) {
  const [over, setOver] = useState(false);
  const receive = useRef(onFiles);
  receive.current = onFiles;

  useEffect(() => {
    if (disabled) return;
    // Enter and leave come for every element on the way; the count says whether the pointer is still inside.
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onEnter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const onOver = (event: DragEvent) => {
      if (!carriesFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    };
    const onDrop = (event: DragEvent) => {
      if (!carriesFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void readDrop(event.dataTransfer).then((files) => {
        if (files.length > 0) receive.current(files);
      });
    };
    window.addEventListener('dragenter', onEnter);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragenter', onEnter);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
    };
  }, [disabled]);

  return (
    <>
      {children}
      {over && (
        <div className={classes.overlay} aria-hidden="true">
          <span className={classes.hint}>{hint}</span>
        </div>
      )}
    </>
  );
}
