import {
  ConfirmInline,
  DropTarget,
  type NamedFile,
  ProblemNotice,
  readInput,
  transport,
  UploadRows,
  uploadList,
  useTexts,
  useUploads,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { Render, type SupplyFiles } from '../../contract/api.ts';
import { renderQuery } from '../queries.ts';
import { matchMissing } from '../shared/model-file.ts';
import { renderTexts } from '../texts.ts';
import classes from './missing-files.module.css';

/** Files that the model refers to and that are not there: dropped together or chosen one by one, or done without. */
export function MissingFiles({ render }: { readonly render: Render }) {
  const say = useTexts(renderTexts);
  const client = useQueryClient();
  const { job, missing } = render;
  const list = uploadList(`missing ${job.id}`, job.projectId);
  const uploads = useUploads(list);
  const { matched, unused } = matchMissing(
    missing.map((file) => file.path),
    uploads,
  );
  const supply = useMutation({
    mutationFn: (body: SupplyFiles) =>
      transport().call('POST', `/api/v1/renders/${encodeURIComponent(job.id)}/files`, Render, { json: body }),
    onSuccess: (next) => {
      list.clear();
      client.setQueryData(renderQuery(job.id).queryKey, next);
    },
  });
  const ready = [...matched].flatMap(([path, upload]) =>
    upload.state === 'done' && upload.artifact ? [{ artifactId: upload.artifact.id, path }] : [],
  );
  const stillUploading = uploads.some((upload) => upload.state !== 'done' && upload.state !== 'failed');
  return (
    <DropTarget hint={say('missing.supply')} onFiles={(files) => list.add(files)}>
      <section className={classes.missing} aria-label={say('missing.title', { count: missing.length })}>
        <h2>{say('missing.title', { count: missing.length })}</h2>
        <p>{say('missing.text')}</p>
        <ul className={classes.list}>
          {missing.map((file) => (
            <li key={file.path} className={classes.file}>
              <span className={classes.name}>
                <code>{file.path}</code>{' '}
                {file.required && <span className="dim">{say('missing.required')}</span>}
              </span>
              {matched.has(file.path) ? (
                <span className="dim">{say('missing.chosen')}</span>
              ) : (
                <ChooseFile
                  label={`${say('missing.choose')}: ${file.path}`}
                  // What is chosen for a name stands for that name, whatever the file is called.
                  onFile={(chosen) => list.add([{ ...chosen, path: file.path }])}
                />
              )}
            </li>
          ))}
        </ul>
        {uploads.length > 0 && <UploadRows list={list} uploads={uploads} />}
        {unused.length > 0 && (
          <p className="dim">
            {say('missing.unused', { names: unused.map((upload) => upload.path).join(', ') })}
          </p>
        )}
        {supply.error && <ProblemNotice error={supply.error} />}
        <div className={classes.actions}>
          <Button
            disabled={ready.length === 0 || stillUploading}
            loading={supply.isPending}
            onClick={() => supply.mutate({ files: ready, acceptMissing: false })}
          >
            {say('missing.supply')}
          </Button>
          {!missing.some((file) => file.required && !matched.has(file.path)) && (
            <ConfirmInline
              label={say('missing.without')}
              question={say('missing.without.question')}
              confirm={say('missing.without')}
              onConfirm={() => supply.mutateAsync({ files: ready, acceptMissing: true })}
            />
          )}
        </div>
      </section>
    </DropTarget>
  );
}

interface ChooseFileProps {
  readonly label: string;
  readonly onFile: (file: NamedFile) => void;
}

function ChooseFile({ label, onFile }: ChooseFileProps) {
  const say = useTexts(renderTexts);
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button size="compact-xs" variant="default" aria-label={label} onClick={() => input.current?.click()}>
        {say('missing.choose')}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const [file] = readInput(event.currentTarget);
          event.currentTarget.value = '';
          if (file) onFile(file);
        }}
      />
    </>
  );
}
