import {
  AsMenu,
  Bytes,
  ConfirmInline,
  ProblemNotice,
  SidePanel,
  transport,
  useGlossary,
  useGoTo,
  useTexts,
} from '@backlot/console/workload';
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { Model, type ModelPatch } from '../../contract/api.ts';
import { ModelFactsView } from '../shared/model-facts.tsx';
import { Picture } from '../shared/picture.tsx';
import { renderTexts } from '../texts.ts';
import { ModelRights } from './model-rights.tsx';
import classes from './models-page.module.css';

/** One model of the library: what it is, who may use it, and the way to a render. */
export function ModelPanel({ model, onClose }: { readonly model: Model; readonly onClose: () => void }) {
  const say = useTexts(renderTexts);
  const word = useGlossary();
  const goTo = useGoTo();
  const client = useQueryClient();
  const path = `/api/v1/models/${encodeURIComponent(model.id)}`;
  const [name, setName] = useState(model.name);
  const refresh = () =>
    client.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === 'models' || queryKey[1] === '/api/v1/models',
    });
  const save = useMutation({
    mutationFn: (patch: z.input<typeof ModelPatch>) =>
      transport().call('PATCH', path, Model, { json: patch }),
    onSuccess: refresh,
  });
  return (
    <SidePanel title={model.name} onClose={onClose} actions={<AsMenu apiPath={path} />}>
      {model.preview && (
        <div className={classes.preview}>
          <Picture artifactId={model.preview.id} alt={model.name} />
        </div>
      )}
      <div className={classes.actions}>
        <Button disabled={!model.may.use} onClick={() => goTo(`/renders/new?model=${model.id}`)}>
          {say('models.use')}
        </Button>
        {model.may.change && (
          <ConfirmInline
            danger
            label={say('models.delete')}
            question={say('models.delete.question', { name: model.name })}
            confirm={say('models.delete')}
            onConfirm={async () => {
              await transport().run('DELETE', path);
              await refresh();
              onClose();
            }}
          />
        )}
      </div>
      {model.may.change && (
        <form
          className={classes.rights}
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate({ name });
          }}
        >
          <TextInput
            label={say('name')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
          />
          {name !== model.name && (
            <Button type="submit" variant="default" loading={save.isPending}>
              {word('do.save')}
            </Button>
          )}
        </form>
      )}
      {save.error && <ProblemNotice error={save.error} />}
      <ModelRights model={model} onChange={(patch) => save.mutate(patch)} busy={save.isPending} />
      {model.facts && <ModelFactsView facts={model.facts} />}
      <section>
        <h3>{say('models.files')}</h3>
        <ul className={classes.files}>
          {model.files.map((file) => (
            <li key={file.path}>
              <code>{file.path}</code>
              <Bytes value={file.size} />
            </li>
          ))}
        </ul>
      </section>
    </SidePanel>
  );
}
