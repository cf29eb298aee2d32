import { fieldsOf, labelOf, useLanguage, useTexts } from '@backlot/console/workload';
import { Button, Group, Text, Textarea, TextInput } from '@mantine/core';
import { deliveryTexts } from '../texts.ts';
import type { schemasOf } from './schemas.ts';

/** What is typed of secrets: a text is a new value, null takes one away, and what is not there stays. */
export type SecretChanges = Readonly<Record<string, string | null>>;

interface TargetSecretsProps {
  readonly schema: ReturnType<typeof schemasOf>['secrets'];
  /** Names of those that are stored. */
  readonly stored: readonly string[];
  readonly value: SecretChanges;
  readonly onChange: (value: SecretChanges) => void;
}

/** Secrets only go in. One that need not be there can be taken away. */
export function TargetSecrets({ schema, stored, value, onChange }: TargetSecretsProps) {
  const say = useTexts(deliveryTexts);
  const { language } = useLanguage();
  const fields = fieldsOf(schema);
  if (fields.length === 0) return null;
  const set = (name: string, next: string | null) => {
    const { [name]: _before, ...others } = value;
    onChange(next === '' ? others : { ...others, [name]: next });
  };
  return (
    <>
      <Text fw={600}>{say('secrets')}</Text>
      <Text size="sm" c="dimmed">
        {say('secrets.hint')}
      </Text>
      {fields.map(({ name, schema: field, required }) => {
        const Field = field.rows === undefined ? TextInput : Textarea;
        const isStored = stored.includes(name);
        const isGone = value[name] === null;
        return (
          <Group key={name} align="flex-end" gap="xs" wrap="nowrap">
            <Field
              style={{ flex: 1 }}
              label={labelOf(name, field, language)}
              required={required && !isStored}
              disabled={isGone}
              autoComplete="off"
              {...(field.rows === undefined ? { type: 'password' } : { rows: field.rows })}
              placeholder={isGone ? say('secrets.goes') : isStored ? say('secrets.set') : ''}
              value={value[name] ?? ''}
              onChange={(event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value)}
            />
            {isStored && !required && (
              <Button
                variant="subtle"
                aria-label={`${say(isGone ? 'secrets.keep' : 'secrets.drop')}: ${labelOf(name, field, language)}`}
                onClick={() => set(name, isGone ? '' : null)}
              >
                {say(isGone ? 'secrets.keep' : 'secrets.drop')}
              </Button>
            )}
          </Group>
        );
      })}
    </>
  );
}
