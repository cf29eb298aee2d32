import { TextInput } from '@mantine/core';
import { type ComponentType, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import type { JsonSchema, PickerProps } from '../../../parts/schema-form/index.ts';
import { flowTexts } from '../texts.ts';
import { ListPicker } from './list-picker.tsx';
import { readDuration, readSize, writeDuration, writeFlowDuration, writeSize } from './quantities.ts';

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
