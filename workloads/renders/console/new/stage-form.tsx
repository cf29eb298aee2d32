import { useTexts } from '@backlot/console/workload';
import { NumberInput, Select } from '@mantine/core';
import type { ModelFacts } from '../../contract/model.ts';
import { type CameraWish, floorModes, lightModes, upAxes } from '../../contract/settings.ts';
import { renderTexts } from '../texts.ts';
import type { Draft } from './draft.ts';
import classes from './new-render.module.css';
import { Orbit } from './orbit.tsx';

interface StageFormProps {
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
  readonly facts: ModelFacts | null;
}

/** Angles from which the automatic camera looks, where the dial begins. */
const startAngle = { azimuth: 35, elevation: 20 };
const named = 'named ';

/** Camera, light, floor and which way is up. */
export function StageForm({ draft, onChange, facts }: StageFormProps) {
  const say = useTexts(renderTexts);
  const { camera } = draft;
  const choice = camera.mode === 'named' ? named + camera.name : camera.mode;
  const choose = (value: string | null): CameraWish => {
    if (value?.startsWith(named)) return { mode: 'named', name: value.slice(named.length) };
    if (value === 'framed') return { mode: 'framed', ...startAngle };
    return value === 'scene' ? { mode: 'scene' } : { mode: 'auto' };
  };
  const cameras = [
    ...(facts?.cameras.map((one) => one.name) ?? []),
    ...(camera.mode === 'named' && !facts?.cameras.some((one) => one.name === camera.name)
      ? [camera.name]
      : []),
  ];
  return (
    <section className={classes.part} aria-label={say('stage.title')}>
      <h2>{say('stage.title')}</h2>
      <div className={classes.fields}>
        <Select
          label={say('camera')}
          data={[
            { value: 'auto', label: say('camera.auto') },
            { value: 'framed', label: say('camera.framed') },
            { value: 'scene', label: say('camera.scene') },
            ...cameras.map((name) => ({ value: named + name, label: say('camera.named', { name }) })),
          ]}
          value={choice}
          onChange={(value) => onChange({ camera: choose(value) })}
          allowDeselect={false}
        />
        <Select
          label={say('light')}
          data={lightModes.map((value) => ({ value, label: say(`light.${value}`) }))}
          value={draft.light}
          onChange={(value) => onChange({ light: lightModes.find((one) => one === value) ?? 'auto' })}
          allowDeselect={false}
        />
        <Select
          label={say('floor')}
          data={floorModes.map((value) => ({ value, label: say(`floor.${value}`) }))}
          value={draft.floor}
          onChange={(value) => onChange({ floor: floorModes.find((one) => one === value) ?? 'auto' })}
          allowDeselect={false}
        />
        <Select
          label={say('up')}
          data={upAxes.map((value) => ({
            value,
            label: value === 'auto' ? say('up.auto') : value.toUpperCase(),
          }))}
          value={draft.upAxis}
          onChange={(value) => onChange({ upAxis: upAxes.find((one) => one === value) ?? 'auto' })}
          allowDeselect={false}
        />
      </div>
      {camera.mode === 'framed' && (
        <>
          <Orbit
            azimuth={camera.azimuth ?? startAngle.azimuth}
            elevation={camera.elevation ?? startAngle.elevation}
            onChange={(azimuth, elevation) => onChange({ camera: { mode: 'framed', azimuth, elevation } })}
          />
          <div className={classes.fields}>
            <NumberInput
              label={say('azimuth')}
              suffix="°"
              min={-360}
              max={360}
              value={camera.azimuth ?? startAngle.azimuth}
              onChange={(value) => onChange({ camera: { ...camera, azimuth: Number(value) || 0 } })}
            />
            <NumberInput
              label={say('elevation')}
              suffix="°"
              min={-89}
              max={89}
              value={camera.elevation ?? startAngle.elevation}
              onChange={(value) => onChange({ camera: { ...camera, elevation: Number(value) || 0 } })}
            />
          </div>
        </>
      )}
    </section>
  );
}
