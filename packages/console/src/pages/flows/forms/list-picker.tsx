import { MultiSelect, Select, TextInput } from '@mantine/core';
import { createContext, useContext } from 'react';
import { z } from 'zod';
import { listQuery } from '../../../api/queries.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { shownChoices, useChoices } from '../../../parts/choices.ts';
import type { PickerProps } from '../../../parts/schema-form/index.ts';
import { flowTexts } from '../texts.ts';

/** The project whose things are chosen from: a flow uses what its own project has. */
export const PickingProject = createContext<string | undefined>(undefined);

/**
 * What can be chosen, as much of it as a choice shows. The lists belong to workloads that this page does not know; a
 * channel carries its name among its settings.
 */
const Choice = z
  .looseObject({
    id: z.string(),
    name: z.string().optional(),
    settings: z.looseObject({ name: z.string().optional() }).optional(),
    kind: z.string().optional(),
  })
  .transform(({ id, name, settings, kind }) => ({ id, name: name ?? settings?.name ?? id, kind }));
type Choice = z.output<typeof Choice>;

/** By a schema's `pick`: where its list is, and of which events it becomes stale. */
const lists: Readonly<Record<string, { readonly path: string; readonly subject: string }>> = {
  'delivery-target': { path: '/api/v1/delivery-targets', subject: 'delivery-target' },
  channel: { path: '/api/v1/channels', subject: 'channel' },
  flow: { path: '/api/v1/flows', subject: 'flow' },
};

/** Chooses from a list of the API: one, or several where the parameter is a list. Where it can't be read, ids can still be typed. */
export function ListPicker(props: PickerProps) {
  const { schema, value, label, hint, required, error, disabled, onChange } = props;
  const say = useTexts(flowTexts);
  const projectId = useContext(PickingProject);
  const { path, subject } = lists[schema.pick ?? ''] ?? { path: '', subject: '' };
  const choices = useChoices(listQuery(path, Choice, { projectId }, [subject]));
  const many = schema.type === 'array';
  const current = (Array.isArray(value) ? value : [value]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  );
  const set = (next: readonly string[]) =>
    onChange(next.length === 0 ? undefined : many ? [...next] : next[0]);
  const common = { label, description: hint, required, error, disabled };
  if (choices.isError && choices.data === undefined) {
    return (
      <TextInput
        {...common}
        value={current.join(', ')}
        onChange={(event) => set(event.currentTarget.value.split(/[\s,]+/).filter(Boolean))}
      />
    );
  }
  const fitting = choices.data?.filter(
    ({ kind }) => schema.kinds === undefined || (kind !== undefined && schema.kinds.includes(kind)),
  );
  const data = optionsOf(fitting, current, (id) => say('pick.missing', { id: id.slice(-12) }));
  const list = {
    ...common,
    data,
    searchable: true,
    limit: shownChoices,
    nothingFoundMessage: say(schema.pick === 'delivery-target' ? 'pick.noTarget' : 'pick.none'),
  };
  return many ? (
    <MultiSelect {...list} clearable value={current} onChange={set} />
  ) : (
    <Select
      {...list}
      clearable={!required}
      value={current[0] ?? null}
      onChange={(next) => set(next === null ? [] : [next])}
    />
  );
}

/**
 * The entries of a choice. A flow’s text may name a thing by its name, which people can read: then it stays a name. What
 * is not in the list (any more) is shown as such, and stays chosen until somebody takes it away.
 */
function optionsOf(
  choices: readonly Choice[] | undefined,
  current: readonly string[],
  missing: (id: string) => string,
): { value: string; label: string }[] {
  const ids = new Set(choices?.map(({ id }) => id));
  const byName = new Set(current.filter((one) => !ids.has(one)));
  const known = (choices ?? []).map(({ id, name, kind }) => ({
    value: byName.has(name) ? name : id,
    label: kind === undefined ? name : `${name} · ${kind}`,
  }));
  // Two things may have one name; a select takes each value once.
  const options = [...new Map(known.map((option) => [option.value, option])).values()];
  const there = new Set(options.map((option) => option.value));
  const gone = current.filter((one) => !there.has(one));
  return [
    ...options,
    ...gone.map((one) => ({ value: one, label: choices === undefined ? one : missing(one) })),
  ];
}
