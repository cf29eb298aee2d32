import {
  DropTarget,
  Link,
  type NamedFile,
  Page,
  ProblemNotice,
  QueryView,
  readInput,
  transport,
  type Upload,
  type UploadList,
  UploadRows,
  uploadList,
  useGoTo,
  useSearch,
  useSession,
  useTexts,
  useUploads,
} from '@backlot/console/workload';
import type { Project } from '@backlot/contract/api/access';
import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type Model, Render, type RenderSubmissionInput } from '../../contract/api.ts';
import { formatOf } from '../../contract/model.ts';
import { modelQuery, optionsQuery, renderQuery } from '../queries.ts';
import { DropZone } from '../shared/drop-zone.tsx';
import { ModelFactsView } from '../shared/model-facts.tsx';
import { mainFile, nameOfFile, relativeTo } from '../shared/model-file.ts';
import { Picture } from '../shared/picture.tsx';
import { useTargetProject } from '../shared/use-project.ts';
import { renderTexts } from '../texts.ts';
import { type Draft, draftOf, emptyDraft, rangeIsGood, settingsOf } from './draft.ts';
import { Estimate } from './estimate.tsx';
import classes from './new-render.module.css';
import { SettingsForm } from './settings-form.tsx';

/** A new render on one page: the model at the left, what to make of it at the right, what it will take below. */
export default function NewRenderPage() {
  const say = useTexts(renderTexts);
  const project = useTargetProject();
  if (project) return <NewRender key={project.id} project={project} />;
  return (
    <Page title={say('new')}>
      <p>{say('drop.needsProject')}</p>
    </Page>
  );
}

function NewRender({ project }: { readonly project: Project }) {
  const say = useTexts(renderTexts);
  const [modelId, setModelId] = useSearch('model');
  const list = uploadList('new-render', project.id);
  const uploads = useUploads(list);
  const { draft, change } = useDraft();
  const model = useQuery({ ...modelQuery(modelId ?? ''), enabled: modelId !== undefined });
  const addFiles = (files: readonly NamedFile[]) => {
    setModelId(undefined);
    list.add(files);
  };
  return (
    <DropTarget hint={say('drop.hint')} onFiles={addFiles}>
      <Page title={say('new')}>
        <div className={classes.columns}>
          <div className={classes.model}>
            {modelId !== undefined ? (
              <QueryView query={model}>
                {(data) => <LibraryModel model={data} onOther={() => setModelId(undefined)} />}
              </QueryView>
            ) : (
              <UploadedModel list={list} uploads={uploads} onFiles={addFiles} />
            )}
          </div>
          <div className={classes.side}>
            <Choices
              project={project}
              model={modelId === undefined ? undefined : model.data}
              list={list}
              uploads={modelId === undefined ? uploads : []}
              draft={draft}
              change={change}
            />
          </div>
        </div>
      </Page>
    </DropTarget>
  );
}

/** The form's state; begun from another render's settings when the address names one. */
function useDraft(): { draft: Draft; change: (change: Partial<Draft>) => void } {
  const [from] = useSearch('from');
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const source = useQuery({ ...renderQuery(from ?? ''), enabled: from !== undefined, retry: false });
  const taken = useRef(false);
  useEffect(() => {
    if (!source.data || taken.current) return;
    taken.current = true;
    setDraft(draftOf(source.data.settings));
  }, [source.data]);
  return { draft, change: (change) => setDraft((before) => ({ ...before, ...change })) };
}

function LibraryModel({ model, onOther }: { readonly model: Model; readonly onOther: () => void }) {
  const say = useTexts(renderTexts);
  return (
    <>
      <div className={classes.modelHead}>
        <h2>{model.name}</h2>
        <Button variant="default" onClick={onOther}>
          {say('model.other')}
        </Button>
      </div>
      {model.preview ? (
        <div className={classes.preview}>
          <Picture artifactId={model.preview.id} alt={model.name} />
        </div>
      ) : (
        <p className="dim">{say('model.noPreview')}</p>
      )}
      {model.facts && <ModelFactsView facts={model.facts} />}
    </>
  );
}

interface UploadedModelProps {
  readonly list: UploadList;
  readonly uploads: readonly Upload[];
  readonly onFiles: (files: readonly NamedFile[]) => void;
}

function UploadedModel({ list, uploads, onFiles }: UploadedModelProps) {
  const say = useTexts(renderTexts);
  const more = useRef<HTMLInputElement>(null);
  if (uploads.length === 0) {
    return (
      <DropZone onFiles={onFiles}>
        <Link to="/renders/models">{say('drop.library')}</Link>
      </DropZone>
    );
  }
  const main = mainFile(uploads.map((upload) => upload.path));
  return (
    <>
      <div className={classes.modelHead}>
        <h2>{main === undefined ? say('model.title') : `${say('model.main')}: ${main}`}</h2>
        <Button variant="default" onClick={() => more.current?.click()}>
          {say('model.addFiles')}
        </Button>
        <input
          ref={more}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            const files = readInput(event.currentTarget);
            event.currentTarget.value = '';
            if (files.length > 0) onFiles(files);
          }}
        />
      </div>
      {main === undefined && <p role="alert">{say('model.noModel')}</p>}
      <UploadRows list={list} uploads={uploads} />
      <p className="dim">{say('model.noPreview')}</p>
    </>
  );
}

interface ChoicesProps {
  readonly project: Project;
  readonly model: Model | undefined;
  readonly list: UploadList;
  readonly uploads: readonly Upload[];
  readonly draft: Draft;
  readonly change: (change: Partial<Draft>) => void;
}

/** The settings, what they come to, and the button that starts it; as soon as the upload is done, if it is not yet. */
function Choices({ project, model, list, uploads, draft, change }: ChoicesProps) {
  const say = useTexts(renderTexts);
  const goTo = useGoTo();
  const client = useQueryClient();
  const options = useQuery(optionsQuery());
  const [name, setName] = useState<string>();
  const [armed, setArmed] = useState(false);
  const main = mainFile(uploads.map((upload) => upload.path));
  const suggested = model?.name ?? (main === undefined ? '' : nameOfFile(main));
  const uploaded = uploads.length > 0 && uploads.every((upload) => upload.state === 'done');
  const settings = settingsOf({ ...draft, range: rangeIsGood(draft.range) ? draft.range : '' });

  const submit = useMutation({
    mutationFn: () => {
      const source = model ? { modelId: model.id } : { files: filesOf(uploads, main ?? '') };
      const submission: RenderSubmissionInput = {
        projectId: project.id,
        name: (name ?? suggested).trim() || suggested,
        model: source,
        settings,
      };
      return transport().call('POST', '/api/v1/renders', Render, {
        json: submission,
        idempotencyKey: crypto.randomUUID?.() ?? `${performance.timeOrigin}-${performance.now()}`,
      });
    },
    onSuccess: (render) => {
      client.setQueryData(renderQuery(render.job.id).queryKey, render);
      list.clear();
      goTo(`/renders/${render.job.id}`);
    },
    onError: () => setArmed(false),
  });
  const { mutate, isPending } = submit;
  useEffect(() => {
    if (!armed || !uploaded || isPending) return;
    setArmed(false);
    mutate();
  }, [armed, uploaded, isPending, mutate]);

  const extension = main === undefined ? undefined : formatOf(main);
  const unreadable =
    extension !== undefined &&
    extension !== 'zip' &&
    options.data !== undefined &&
    !options.data.formats.includes(extension);
  const ready = rangeIsGood(draft.range) && (model ? model.may.use : main !== undefined);
  return (
    <>
      <ProjectChoice project={project} list={list} />
      <TextInput
        label={say('name')}
        placeholder={suggested}
        value={name ?? suggested}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={200}
      />
      <SettingsForm
        draft={draft}
        onChange={change}
        options={options.data ?? null}
        facts={model?.facts ?? null}
      />
      <div className={classes.submit}>
        <Estimate projectId={project.id} modelId={model?.id} settings={settings} />
        {unreadable && <p role="alert">{say('format.notHere', { format: extension })}</p>}
        {submit.error && <ProblemNotice error={submit.error} />}
        <Button
          size="md"
          disabled={!ready}
          loading={isPending}
          variant={armed ? 'default' : 'filled'}
          onClick={() => {
            if (armed) setArmed(false);
            else if (model || uploaded) mutate();
            else setArmed(true);
          }}
        >
          {say(armed ? 'submit.stop' : 'submit')}
        </Button>
        {armed && (
          <p className="dim" role="status">
            {say('submit.uploading')}
          </p>
        )}
      </div>
    </>
  );
}

/** Which project the render belongs to; with several, it can be changed here, and the files come along. */
function ProjectChoice({ project, list }: { readonly project: Project; readonly list: UploadList }) {
  const say = useTexts(renderTexts);
  const { projects, chooseProject, can } = useSession();
  const possible = projects.filter((one) => can('jobs.submit', one.id));
  if (possible.length < 2) return null;
  return (
    <Select
      label={say('project')}
      data={possible.map((one) => ({ value: one.id, label: one.name }))}
      value={project.id}
      onChange={(id) => {
        if (id === null || id === project.id) return;
        uploadList('new-render', id).add(list.release());
        chooseProject(id);
      }}
      allowDeselect={false}
    />
  );
}

/** The uploaded files as the API takes them: the model first, its textures by their paths beside it. */
function filesOf(uploads: readonly Upload[], main: string) {
  return relativeTo(uploads, main).flatMap(({ artifact, path }) =>
    artifact ? [{ artifactId: artifact.id, path }] : [],
  );
}
