import { Facts, fieldsOf, labelOf, SidePanel, useLanguage, useTexts } from '@backlot/console/workload';
import { Text } from '@mantine/core';
import type { DeliveryTarget } from '../../contract/target.ts';
import { deliveryTexts } from '../texts.ts';
import { schemasOf } from './schemas.ts';
import { TargetHealth } from './target-health.tsx';

interface TargetFactsProps {
  readonly target: DeliveryTarget;
  readonly onClose: () => void;
}

/** A target for somebody who may not change it: how it is and what it is, without what opens it. */
export function TargetFacts({ target, onClose }: TargetFactsProps) {
  const say = useTexts(deliveryTexts);
  const { language } = useLanguage();
  const { settings, secrets } = schemasOf(target.kind);
  return (
    <SidePanel title={target.name} onClose={onClose}>
      <TargetHealth target={target} />
      <Text size="sm" c="dimmed" mb="md">
        {say('readOnly')}
      </Text>
      <Facts
        items={[
          [say('col.kind'), say(`type.${target.kind}`)],
          ...fieldsOf(settings).flatMap(({ name, schema }) => {
            const value = shown(target.settings[name]);
            return value === '' ? [] : [[labelOf(name, schema, language), value] as const];
          }),
          ...fieldsOf(secrets).flatMap(({ name, schema }) =>
            target.secretNames.includes(name)
              ? [[labelOf(name, schema, language), say('secrets.set')] as const]
              : [],
          ),
        ]}
      />
    </SidePanel>
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
