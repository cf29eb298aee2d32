import { Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { shownChoices } from './choices.ts';

/** Words that somebody types to narrow a list down. */
export interface TextSearch {
  /** As it stands in the box. */
  readonly text: string;
  readonly setText: (text: string) => void;
  /** What the list is asked for: without blanks around it, once typing rests; undefined where nothing is left. */
  readonly wanted: string | undefined;
}

const typingRestsMs = 200;

export function useTextSearch(): TextSearch {
  const [text, setText] = useState('');
  const [rested] = useDebouncedValue(text.trim(), typingRestsMs);
  return { text, setText, wanted: rested === '' ? undefined : rested };
}

interface TextFilterProps {
  readonly label: string;
  readonly search: TextSearch;
}

/** The box in a list's toolbar that narrows it down by words. */
export function TextFilter({ label, search }: TextFilterProps) {
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={14} aria-hidden="true" />}
      value={search.text}
      onChange={(event) => search.setText(event.currentTarget.value)}
    />
  );
}

interface ChoiceFilterProps<Choice extends string> {
  readonly label: string;
  /** Shown while nothing is chosen: what the list then has ("All states"). The label where it is left out. */
  readonly placeholder?: string;
  readonly choices: readonly Choice[];
  readonly nameOf: (choice: Choice) => string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  /** For choices that a studio has hundreds of (`useChoices`): typing finds them. */
  readonly searchable?: boolean;
  /** In pixels. */
  readonly width?: number;
}

/** The choice in a list's toolbar that narrows it down to one state, one flow, one channel; clearing it shows all. */
export function ChoiceFilter<Choice extends string>(props: ChoiceFilterProps<Choice>) {
  const { label, placeholder = label, choices, nameOf, value, onChange, searchable, width = 150 } = props;
  return (
    <Select
      aria-label={label}
      placeholder={placeholder}
      clearable
      searchable={searchable ?? false}
      {...(searchable ? { limit: shownChoices } : {})}
      w={width}
      data={choices.map((choice) => ({ value: choice, label: nameOf(choice) }))}
      value={value ?? null}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}
