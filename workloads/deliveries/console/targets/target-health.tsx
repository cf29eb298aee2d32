import { StateBadge, useFormat, useReason, useTexts } from '@backlot/console/workload';
import { Group, Text } from '@mantine/core';
import type { DeliveryTarget } from '../../contract/target.ts';
import { healthOf, healthTones } from '../parts/health.ts';
import { deliveryTexts } from '../texts.ts';

/** How it is, since when, and why: what somebody opens it for when it is down. */
export function TargetHealth({ target }: { readonly target: DeliveryTarget }) {
  const say = useTexts(deliveryTexts);
  const sentence = useReason();
  const format = useFormat();
  const health = healthOf(target);
  return (
    <div style={{ display: 'flex', flexDirection: 'column', gap: 6, marginBottom: 14 }}>
      <Group gap="xs">
        <StateBadge state={health} tone={healthTones[health]} label={say(`health.${health}`)} />
        {target.healthSince && (
          <Text size="sm" c="dimmed">
            {say('since', { time: format.moment(target.healthSince) })}
          </Text>
        )}
      </Group>
      {target.fault && <Text size="sm">{sentence(target.fault)}</Text>}
    </div>
  );
}
