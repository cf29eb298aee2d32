import { ProblemNotice, transport, useReason, useTexts } from '@backlot/console/workload';
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { PixelmanImported } from '../../contract/api.ts';
import { appTexts } from '../app/app-texts.ts';
import { paths } from '../queries.ts';
import classes from './import-pixelman.module.css';

/** Reads a configuration of pixelman and says what became of each of its words. */
export function ImportPixelman({
  onImported,
}: {
  readonly onImported: (imported: PixelmanImported) => void;
}) {
  const say = useTexts(appTexts);
  const sentence = useReason();
  const [text, setText] = useState('');
  const read = useMutation({
    mutationFn: () =>
      transport().call('POST', paths.importPixelman, PixelmanImported, { json: { config: text } }),
    onSuccess: onImported,
  });
  return (
    <details className={classes.import}>
      <summary>{say('import.title')}</summary>
      <Textarea
        label={say('import.text')}
        autosize
        minRows={3}
        maxRows={14}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div>
        <Button
          variant="default"
          disabled={text.trim() === ''}
          loading={read.isPending}
          onClick={() => read.mutate()}
        >
          {say('import.do')}
        </Button>
      </div>
      {read.error && <ProblemNotice error={read.error} />}
      {read.data && (
        <div role="status">
          {read.data.recipe && <p>{say('import.applied')}</p>}
          {read.data.notes.length > 0 && (
            <>
              <h3>{say('import.notes')}</h3>
              <ul className={classes.notes}>
                {read.data.notes.map((note) => (
                  <li key={`${note.code} ${note.message}`}>{sentence(note)}</li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
    </details>
  );
}
