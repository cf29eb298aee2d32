import { flowRunStates } from '@backlot/contract/flow/api';
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { AsMenu } from '../../../parts/as-menu.tsx';
import { useChoices } from '../../../parts/choices.ts';
import { ChoiceFilter } from '../../../parts/filters.tsx';
import { useGoTo } from '../../../parts/link.tsx';
import { Page } from '../../../parts/page.tsx';
import { useSearch } from '../../../parts/use-search.ts';
import { useSession } from '../../../session/session.tsx';
import { flowChoices } from '../flow-api.ts';
import { FlowTabs } from '../flow-tabs.tsx';
import { RunsTable } from './runs-table.tsx';
import { runTexts } from './texts.ts';

/** What flows have done, and are doing. */
export default function RunsPage() {
  const say = useTexts(runTexts);
  const word = useGlossary();
  const { project } = useSession();
  const [state, setState] = useSearch('state');
  const [flowId, setFlowId] = useSearch('flow');
  const [subject, setSubject] = useSearch('subject');
  const goTo = useGoTo();
  const flows = useChoices(flowChoices(project?.id));
  const names = useMemo(() => new Map(flows.data?.map(({ id, name }) => [id, name])), [flows.data]);
  const filtered = flowId !== undefined || state !== undefined || subject !== undefined;
  return (
    <Page
      title={say('title')}
      fill
      aside={<FlowTabs active="runs" />}
      actions={<AsMenu apiPath="/api/v1/flow-runs" />}
      toolbar={
        <>
          <ChoiceFilter
            label={say('col.flow')}
            placeholder={say('filter.flow')}
            choices={[...names.keys()]}
            nameOf={(id) => names.get(id) ?? id}
            value={flowId}
            onChange={setFlowId}
            searchable
            width={220}
          />
          <ChoiceFilter
            label={word('word.state')}
            placeholder={say('filter.state')}
            choices={flowRunStates}
            nameOf={(one) => word(`state.${one}`)}
            value={state}
            onChange={setState}
          />
          {subject !== undefined && (
            <Button
              variant="default"
              rightSection={<IconX size={14} aria-hidden="true" />}
              onClick={() => setSubject(undefined)}
            >
              {say('filter.subject')}
            </Button>
          )}
        </>
      }
    >
      <RunsTable
        query={{ projectId: project?.id, flowId, state, subject }}
        withName
        onShowAll={filtered ? () => goTo('/flows/runs', { replace: true }) : undefined}
      />
    </Page>
  );
}
