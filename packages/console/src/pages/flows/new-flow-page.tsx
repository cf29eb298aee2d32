import type { FlowTemplate } from '@backlot/contract/flow/api';
import { Button, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { invalidateSubjects } from '../../api/subjects.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { useLanguage } from '../../i18n/use-language.ts';
import { shownChoices } from '../../parts/choices.ts';
import { LeaveGuard } from '../../parts/leave-guard.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import type { CatalogueView } from './editor/catalogue.ts';
import { setFlow } from './editor/edits.ts';
import { FlowEditor } from './editor/flow-editor.tsx';
import { useFlowEditor } from './editor/use-flow-editor.ts';
import { catalogueQuery, flowActions, templatesQuery } from './flow-api.ts';
import { PickingProject } from './forms/list-picker.tsx';
import { flowTexts } from './texts.ts';

/** A new flow, from a template or from nothing. Nothing is stored before it is saved. */
export default function NewFlowPage() {
  const say = useTexts(flowTexts);
  const [name] = useSearch('template');
  const templates = useQuery({ ...templatesQuery(), enabled: name !== undefined });
  const catalogue = useQuery(catalogueQuery());
  const waiting = name !== undefined && templates.data === undefined ? templates : catalogue;
  if (catalogue.data && waiting.data) {
    const template = templates.data?.find((one) => one.name === name);
    return <Draft key={name} template={template} catalogue={catalogue.data} />;
  }
  return (
    <Page title={say('new')}>
      {name !== undefined && templates.data === undefined ? (
        <QueryView query={templates}>{() => null}</QueryView>
      ) : (
        <QueryView query={catalogue}>{() => null}</QueryView>
      )}
    </Page>
  );
}

interface DraftProps {
  readonly template: FlowTemplate | undefined;
  readonly catalogue: CatalogueView;
}

function Draft({ template, catalogue }: DraftProps) {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  const { language } = useLanguage();
  const goTo = useGoTo();
  const client = useQueryClient();
  const { project, projects, can } = useSession();
  const mine = projects.filter((one) => can('flows.edit', one.id));
  const [chosen, setProjectId] = useState<string>();
  // By its address the page may be there before the projects are.
  const projectId = chosen ?? project?.id ?? mine[0]?.id;
  const [start] = useState(() => textOf(template, say('new'), language));
  const editor = useFlowEditor(start);
  const create = useMutation({
    mutationFn: async () => flowActions.create({ projectId: projectId ?? '', text: editor.text }),
    onSuccess: (flow) => {
      void invalidateSubjects(client, new Set(['flow']));
      goTo(`/flows/${flow.id}`, { replace: true, unasked: true });
    },
  });
  // Saved once: the page goes on to the flow that it has made.
  const maySave =
    projectId !== undefined && editor.read.faults.length === 0 && !create.isPending && !create.isSuccess;
  return (
    <Page
      fill
      title={say('new')}
      aside={<span>{say('save.unsaved')}</span>}
      actions={
        mine.length > 0 && (
          <>
            {mine.length > 1 && (
              <Select
                aria-label={word('noun.project')}
                allowDeselect={false}
                searchable
                limit={shownChoices}
                data={mine.map((one) => ({ value: one.id, label: one.name }))}
                value={projectId ?? null}
                onChange={(next) => next !== null && setProjectId(next)}
              />
            )}
            <Button loading={create.isPending} disabled={!maySave} onClick={() => create.mutate()}>
              {say('save')}
            </Button>
          </>
        )
      }
    >
      {mine.length === 0 && <p>{say('needsProject')}</p>}
      <LeaveGuard active={editor.text !== start && !create.isSuccess} question={say('leave.ask')} />
      <ProblemNotice error={create.error} />
      <PickingProject value={projectId}>
        <FlowEditor
          editor={editor}
          catalogue={catalogue}
          readOnly={mine.length === 0}
          onSave={() => maySave && create.mutate()}
        />
      </PickingProject>
    </Page>
  );
}

/** A template's text under its name in the reader's language; without one, a flow that only begins by hand. */
function textOf(template: FlowTemplate | undefined, name: string, language: 'en' | 'zh-CN'): string {
  if (template) return setFlow(template.text, ['name'], template.title[language]);
  return `version: 1\nname: ${JSON.stringify(name)}\ntrigger:\n  kind: flow.manual\nsteps: []\n`;
}
