import {
  Ago,
  AsMenu,
  EmptyState,
  Link,
  ListView,
  Page,
  TextFilter,
  useFormat,
  useList,
  useSearch,
  useSession,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { IconCube } from '@tabler/icons-react';
import type { Model } from '../../contract/api.ts';
import { modelsQuery } from '../queries.ts';
import { Picture } from '../shared/picture.tsx';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { renderTexts } from '../texts.ts';
import { ModelPanel } from './model-panel.tsx';
import classes from './models-page.module.css';

/** Models that were rendered before, ready to be rendered again. */
export default function ModelsPage() {
  const say = useTexts(renderTexts);
  const { project } = useSession();
  const [open, setOpen] = useSearch('open');
  const search = useTextSearch();
  const list = useList(modelsQuery({ projectId: project?.id, text: search.wanted }));
  const selected = list.items?.find((model) => model.id === open);
  return (
    <Page
      title={say('library')}
      aside={<ViewTabs active="library" />}
      actions={<AsMenu apiPath="/api/v1/models" />}
      toolbar={
        ((list.items !== undefined && list.items.length > 0) || search.wanted !== undefined) && (
          <TextFilter label={say('filter.text')} search={search} />
        )
      }
    >
      <ListView list={list} rows={6}>
        {(models) =>
          models.length === 0 ? (
            <EmptyState
              icon={<IconCube size={32} stroke={1.4} />}
              title={say('models.none')}
              action={<Link to="/renders/new">{say('new')}</Link>}
            >
              {say('models.none.text')}
            </EmptyState>
          ) : (
            <ul className={classes.grid}>
              {models.map((model) => (
                <ModelCard
                  key={model.id}
                  model={model}
                  selected={model.id === open}
                  onOpen={() => setOpen(model.id)}
                />
              ))}
            </ul>
          )
        }
      </ListView>
      {selected && <ModelPanel key={selected.id} model={selected} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

interface ModelCardProps {
  readonly model: Model;
  readonly selected: boolean;
  readonly onOpen: () => void;
}

function ModelCard({ model, selected, onOpen }: ModelCardProps) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  return (
    <li>
      <button type="button" className={classes.card} aria-pressed={selected} onClick={onOpen}>
        <span className={classes.picture}>
          {model.preview ? (
            <Picture artifactId={model.preview.id} alt="" fit="cover" lazy />
          ) : (
            <IconCube size={30} stroke={1.2} aria-hidden="true" />
          )}
        </span>
        <span className={classes.name}>{model.name}</span>
        <span className={classes.line}>
          <span>
            {model.format} · {format.bytes(model.size)}
          </span>
          <span>{say('models.renders', { count: model.renders })}</span>
        </span>
        <span className={classes.line}>
          <span>{model.owner.name}</span>
          <Ago at={model.createdAt} />
        </span>
      </button>
    </li>
  );
}
