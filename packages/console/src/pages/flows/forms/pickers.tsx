import { Page } from '@backlot/contract/api/common';
import { Select, TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { type ComponentType, createContext, useContext, useState } from 'react';
import { z } from 'zod';
import { transport } from '../../../api/transport.ts';
import { useTexts } from '../../../i18n/texts.ts';
import type { JsonSchema, PickerProps } from '../../../parts/schema-form/index.ts';
import { flowTexts } from '../texts.ts';
import { readDuration, readSize, writeDuration, writeFlowDuration, writeSize } from './quantities.ts';

/** The project whose things are chosen from: a flow uses what its own project has. */
export const PickingProject = createContext<string | undefined>(undefined);

/** What can be chosen, as much of it as a choice shows. The lists belong to workloads that this page does not know. */
const Choice = z.looseObject({
  id: z.string(),
  name: z.string(),
  kind: z.string().optional(),
  projectId: z.string().nullable().optional(),
});

const lists: Readonly<Record<string, string>> = {
  'delivery-target': '/api/v1/delivery-targets',
  channel: '/api/v1/channels',
  flow: '/api/v1/flows',
};

const choicesQuery = (path: string, projectId: string | undefined) =>
  queryOptions({
    queryKey: ['flows', 'choices', path, projectId],
    queryFn: async ({ signal }) =>
      (await transport().call('GET', path, Page(Choice), { query: { projectId, limit: 500 }, signal })).items,
    retry: false,
  });

/** Chooses one of a list of the API. Where the list can't be read, its id can still be typed. */
function ListPicker(props: PickerProps) {
  const { schema, value, label, hint, required, error, disabled, onChange } = props;
  const say = useTexts(flowTexts);
  const projectId = useContext(PickingProject);
  const path = lists[schema.pick ?? ''] ?? '';
  const choices = useQuery(choicesQuery(path, projectId));
  const shown = choices.data?.filter(
    ({ kind }) => schema.kinds === undefined || (kind !== undefined && schema.kinds.includes(kind)),
  );
  const current = typeof value === 'string' ? value : null;
  if (choices.isError) {
    return (
      <TextInput
        label={label}
        description={hint}
        required={required}
        error={error}
        disabled={disabled}
        value={current ?? ''}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
      />
    );
  }
  const missing =
    current !== null &&
    shown !== undefined &&
    !shown.some(({ id, name }) => id === current || name === current);
  // A flow's text may name a target by its name, which people can read; then it stays a name.
  const byName = current !== null && shown?.some(({ id, name }) => name === current && id !== current);
  return (
    <Select
      label={label}
      description={hint}
      required={required}
      error={error}
      disabled={disabled}
      searchable
      clearable={!required}
      nothingFoundMessage={say(schema.pick === 'delivery-target' ? 'pick.noTarget' : 'pick.none')}
      data={[
        ...(shown ?? []).map(({ id, name, kind }) => ({
          value: byName && name === current ? name : id,
          label: kind === undefined ? name : `${name} · ${kind}`,
        })),
        ...(missing ? [{ value: current, label: say('pick.missing', { id: current.slice(-12) }) }] : []),
      ]}
      value={current}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}

/** Whether the parameter is a number; else it is a text, also where several kinds of text are allowed. */
function takesNumber(schema: JsonSchema): boolean {
  const types = [schema, ...(schema.anyOf ?? schema.oneOf ?? [])].flatMap(({ type }) => type ?? []);
  return types.some((type) => type === 'number' || type === 'integer');
}

interface QuantityProps extends PickerProps {
  readonly read: (text: string) => number | undefined;
  readonly write: (value: number) => string;
  readonly example: string;
  /** For parameters that are texts themselves. */
  readonly asText: (value: number) => string;
}

/** A number with its unit: what is typed is read again when the field is left. */
function Quantity({ read, write, example, asText, ...props }: QuantityProps) {
  const { schema, value, label, hint, required, error, disabled, onChange } = props;
  const say = useTexts(flowTexts);
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (typeof value === 'number' ? write(value) : typeof value === 'string' ? value : '');
  const broken = shown.trim() !== '' && read(shown) === undefined && !shown.includes('{{');
  const fallback = typeof schema.default === 'number' ? write(schema.default) : example;
  return (
    <TextInput
      label={label}
      description={hint}
      required={required}
      disabled={disabled}
      placeholder={fallback}
      error={broken ? say('quantity.broken', { example }) : error}
      value={shown}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const next = read(text);
        if (text.trim() === '') onChange(undefined);
        else if (next !== undefined) onChange(takesNumber(schema) ? next : asText(next));
        else if (text.includes('{{')) onChange(text);
      }}
      onBlur={() => !broken && setTyped(null)}
    />
  );
}

const DurationPicker = (props: PickerProps) => (
  <Quantity
    {...props}
    read={readDuration}
    write={writeDuration}
    asText={writeFlowDuration}
    example="1h 30m"
  />
);
const SizePicker = (props: PickerProps) => (
  <Quantity {...props} read={readSize} write={writeSize} asText={writeSize} example="10 GB" />
);

/** Fields of flows that choose from what there is, by the name that their schema gives (`pick`). */
export const flowPickers: Readonly<Record<string, ComponentType<PickerProps>>> = {
  'delivery-target': ListPicker,
  channel: ListPicker,
  flow: ListPicker,
  duration: DurationPicker,
  size: SizePicker,
};
