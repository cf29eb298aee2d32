import { useTexts } from '@backlot/console/workload';
import { Group, NumberInput, Text } from '@mantine/core';
import type { TargetLimits } from '../../contract/target.ts';
import { deliveryTexts } from '../texts.ts';

const MB = 1_000_000;

interface TargetLimitsFieldsProps {
  readonly value: TargetLimits;
  readonly onChange: (value: TargetLimits) => void;
}

/** How much a node may send to a target for files. */
export function TargetLimitsFields({ value, onChange }: TargetLimitsFieldsProps) {
  const say = useTexts(deliveryTexts);
  return (
    <>
      <Text fw={600}>{say('limits')}</Text>
      <Group grow align="flex-start">
        <NumberInput
          label={say('limits.bandwidth')}
          description={say('limits.bandwidth.hint')}
          min={0.01}
          decimalScale={2}
          suffix=" MB/s"
          value={value.bytesPerSecond === null ? '' : value.bytesPerSecond / MB}
          onChange={(next) =>
            onChange({
              ...value,
              bytesPerSecond: typeof next === 'number' && next > 0 ? Math.round(next * MB) : null,
            })
          }
        />
        <NumberInput
          label={say('limits.parallel')}
          description={say('limits.parallel.hint')}
          min={1}
          max={50}
          allowDecimal={false}
          required
          value={value.parallel}
          onChange={(next) => typeof next === 'number' && onChange({ ...value, parallel: next })}
        />
      </Group>
    </>
  );
}
