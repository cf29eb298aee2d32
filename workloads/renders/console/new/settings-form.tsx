import { useFormat, useTexts } from '@backlot/console/workload';
import { Checkbox, NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import type { RenderOptions } from '../../contract/api.ts';
import { pictureFormats } from '../../contract/frames.ts';
import type { ModelFacts } from '../../contract/model.ts';
import { engines, presetNames, RenderSettings, resolvePicture } from '../../contract/settings.ts';
import { renderTexts } from '../texts.ts';
import { type Draft, frameCount, rangeIsGood, settingsOf } from './draft.ts';
import classes from './new-render.module.css';
import { StageForm } from './stage-form.tsx';

interface SettingsFormProps {
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
  /** What the fleet has proved; null until it is known, then nothing is ruled out. */
  readonly options: RenderOptions | null;
  readonly facts: ModelFacts | null;
}

/** Everything that one may choose about a render; what most people never touch is folded away. */
export function SettingsForm({ draft, onChange, options, facts }: SettingsFormProps) {
  const say = useTexts(renderTexts);
  const [more, setMore] = useState(false);
  const moreId = useId();
  return (
    <div className={classes.form}>
      <SubjectForm draft={draft} onChange={onChange} options={options} facts={facts} />
      <QualityForm draft={draft} onChange={onChange} options={options} facts={facts} />
      <button
        type="button"
        className={classes.more}
        aria-expanded={more}
        aria-controls={moreId}
        onClick={() => setMore(!more)}
      >
        <span aria-hidden="true">{more ? '▾' : '▸'}</span> {say('more')}
      </button>
      <div id={moreId} hidden={!more} className={classes.form}>
        {more && (
          <>
            <StageForm draft={draft} onChange={onChange} facts={facts} />
            <DetailForm draft={draft} onChange={onChange} options={options} facts={facts} />
          </>
        )}
      </div>
    </div>
  );
}

function SubjectForm({ draft, onChange, options, facts }: SettingsFormProps) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const count = frameCount(draft, facts);
  const fps = draft.fps === '' ? (facts?.animation.fps ?? 24) : draft.fps;
  const good = rangeIsGood(draft.range);
  return (
    <section className={classes.part} aria-label={say('make.title')}>
      <h2>{say('make.title')}</h2>
      <SegmentedControl
        size="sm"
        fullWidth
        aria-label={say('make.title')}
        value={draft.kind}
        onChange={(kind) => onChange({ kind: kind === 'turntable' || kind === 'animation' ? kind : 'still' })}
        data={(['still', 'turntable', 'animation'] as const).map((value) => ({
          value,
          label: say(`make.${value}`),
        }))}
      />
      <p className="dim">{say(`make.${draft.kind}.text`)}</p>
      <div className={classes.fields}>
        {draft.kind === 'still' && facts?.animation.moves && (
          <NumberInput
            label={say('make.stillFrame')}
            placeholder={String(facts.animation.first)}
            value={draft.stillFrame}
            onChange={(value) => onChange({ stillFrame: value === '' ? '' : Math.round(Number(value)) })}
          />
        )}
        {draft.kind === 'turntable' && (
          <NumberInput
            label={say('make.frames')}
            min={2}
            max={720}
            value={draft.turntableFrames}
            onChange={(value) => onChange({ turntableFrames: Math.max(2, Math.round(Number(value) || 2)) })}
          />
        )}
        {draft.kind === 'animation' && (
          <TextInput
            label={say('make.range')}
            placeholder={facts ? `${facts.animation.first}-${facts.animation.last}` : say('make.range.own')}
            value={draft.range}
            error={good ? undefined : say('make.range.wrong')}
            onChange={(event) => onChange({ range: event.currentTarget.value })}
          />
        )}
        {draft.kind !== 'still' && (
          <NumberInput
            label={say('make.fps')}
            min={1}
            max={120}
            placeholder={String(fps)}
            value={draft.fps}
            onChange={(value) => onChange({ fps: value === '' ? '' : Number(value) })}
          />
        )}
      </div>
      {draft.kind !== 'still' && options?.film !== false && (
        <Checkbox
          size="xs"
          label={`${say('make.film')}${count ? ` · ${say('make.seconds', { time: format.duration((count / fps) * 1000) })}` : ''}`}
          checked={draft.film}
          onChange={(event) => onChange({ film: event.currentTarget.checked })}
        />
      )}
    </section>
  );
}

function QualityForm({ draft, onChange }: SettingsFormProps) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const picture = resolvePicture(
    RenderSettings.parse(settingsOf({ ...draft, range: rangeIsGood(draft.range) ? draft.range : '' })),
  );
  return (
    <section className={classes.part} aria-label={say('quality.title')}>
      <h2>{say('quality.title')}</h2>
      <SegmentedControl
        size="sm"
        fullWidth
        aria-label={say('quality.title')}
        value={draft.preset}
        onChange={(value) => onChange({ preset: presetNames.find((name) => name === value) ?? 'draft' })}
        data={presetNames.map((value) => ({ value, label: say(`preset.${value}`) }))}
      />
      <p className="dim">
        {say('preset.says', {
          width: picture.width,
          height: picture.height,
          samples: format.number(picture.samples),
        })}
      </p>
      <div className={classes.fields}>
        <PixelField
          label={say('width')}
          value={draft.width}
          shown={picture.width}
          onChange={(width) => onChange({ width })}
        />
        <PixelField
          label={say('height')}
          value={draft.height}
          shown={picture.height}
          onChange={(height) => onChange({ height })}
        />
        <NumberInput
          label={say('samples')}
          min={1}
          max={65_536}
          placeholder={String(picture.samples)}
          value={draft.samples}
          onChange={(value) =>
            onChange({ samples: value === '' ? '' : Math.max(1, Math.round(Number(value))) })
          }
        />
      </div>
      <div className={classes.fields}>
        <Select
          label={say('format')}
          data={pictureFormats.map((value) => ({ value, label: value.toUpperCase() }))}
          value={draft.format}
          onChange={(value) => onChange({ format: pictureFormats.find((one) => one === value) ?? 'png' })}
          allowDeselect={false}
        />
      </div>
      <Checkbox
        size="xs"
        label={say('transparent')}
        checked={draft.transparent && draft.format !== 'jpeg'}
        disabled={draft.format === 'jpeg'}
        onChange={(event) => onChange({ transparent: event.currentTarget.checked })}
      />
    </section>
  );
}

interface PixelFieldProps {
  readonly label: string;
  readonly value: number | '';
  readonly shown: number;
  readonly onChange: (value: number | '') => void;
}

function PixelField({ label, value, shown, onChange }: PixelFieldProps) {
  return (
    <NumberInput
      label={label}
      suffix=" px"
      min={8}
      max={16_384}
      placeholder={`${shown} px`}
      value={value}
      onChange={(next) =>
        onChange(next === '' ? '' : Math.min(16_384, Math.max(8, Math.round(Number(next)))))
      }
    />
  );
}

function DetailForm({ draft, onChange, options }: SettingsFormProps) {
  const say = useTexts(renderTexts);
  return (
    <section className={classes.part} aria-label={say('more')}>
      <div className={classes.fields}>
        <Select
          label={say('engine')}
          data={engines.map((value) => ({
            value,
            label: say(`engine.${value}`),
            disabled: options !== null && !options.engines.includes(value),
          }))}
          value={draft.engine}
          onChange={(value) => onChange({ engine: engines.find((one) => one === value) ?? 'cycles' })}
          allowDeselect={false}
        />
        <Select
          label={say('device')}
          data={(['cpu', 'gpu'] as const).map((value) => ({
            value,
            label: say(`device.${value}`),
            disabled: value === 'gpu' && options !== null && !options.gpu,
          }))}
          value={draft.device}
          onChange={(value) => onChange({ device: value === 'gpu' ? 'gpu' : 'cpu' })}
          allowDeselect={false}
        />
        <Select
          label={say('denoise')}
          data={(['auto', 'on', 'off'] as const).map((value) => ({
            value,
            label: say(`denoise.${value}`),
            disabled: value === 'on' && options !== null && !options.denoiser,
          }))}
          value={draft.denoise}
          onChange={(value) => onChange({ denoise: value === 'on' || value === 'off' ? value : 'auto' })}
          allowDeselect={false}
        />
        {draft.format === 'png' && (
          <Select
            label={say('depth')}
            data={['8', '16']}
            value={String(draft.depth)}
            onChange={(value) => onChange({ depth: value === '16' ? 16 : 8 })}
            allowDeselect={false}
          />
        )}
      </div>
    </section>
  );
}
