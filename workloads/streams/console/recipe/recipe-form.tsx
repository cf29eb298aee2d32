import { useTexts } from '@backlot/console/workload';
import { NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { launchVariables } from '../../contract/app.ts';
import { appTexts } from '../app/app-texts.ts';
import type { DraftFault, RecipeDraft } from './draft.ts';
import classes from './recipe-form.module.css';
import { ResetForm } from './reset-form.tsx';

export interface DraftProps {
  readonly draft: RecipeDraft;
  readonly onChange: (change: Partial<RecipeDraft>) => void;
  readonly faults: readonly DraftFault[];
  readonly readOnly?: boolean;
}

/** What one version starts, and what it takes. Faults stand at their field. */
export function RecipeForm(props: DraftProps) {
  const { draft, onChange, readOnly = false } = props;
  const say = useTexts(appTexts);
  const fault = useFault(props.faults);
  const hidden =
    Object.keys(draft.rest.platforms).length > 0 ||
    draft.rest.placement.pool !== undefined ||
    Object.keys(draft.rest.placement.labels).length > 0;
  return (
    <div className={classes.form}>
      <fieldset className={classes.group}>
        <legend>{say('recipe.launch')}</legend>
        <Textarea
          label={say('recipe.argv')}
          description={
            <>
              {say('recipe.argv.text')}{' '}
              {launchVariables.map((name) => (
                <code key={name} className={classes.variable}>{`{${name}}`}</code>
              ))}
            </>
          }
          classNames={{ input: classes.mono ?? '' }}
          autosize
          minRows={4}
          maxRows={14}
          spellCheck={false}
          readOnly={readOnly}
          value={draft.argv}
          error={fault('argv')}
          onChange={(event) => onChange({ argv: event.currentTarget.value })}
        />
        <div className={classes.pair}>
          <TextInput
            label={say('recipe.cwd')}
            description={say('recipe.cwd.text')}
            classNames={{ input: classes.mono ?? '' }}
            spellCheck={false}
            readOnly={readOnly}
            value={draft.cwd}
            error={fault('cwd')}
            onChange={(event) => onChange({ cwd: event.currentTarget.value })}
          />
          <Textarea
            label={say('recipe.env')}
            description={say('recipe.env.text')}
            classNames={{ input: classes.mono ?? '' }}
            autosize
            minRows={1}
            maxRows={8}
            spellCheck={false}
            readOnly={readOnly}
            value={draft.env}
            error={fault('env')}
            onChange={(event) => onChange({ env: event.currentTarget.value })}
          />
        </div>
        {hidden && <p className="dim">{say('recipe.kept')}</p>}
      </fieldset>
      <fieldset className={classes.group}>
        <legend>{say('recipe.resources')}</legend>
        <div className={classes.row}>
          <Amount {...props} field="cpu" label={say('cpu')} step={0.5} min={0} />
          <Amount {...props} field="memoryGiB" label={say('memory')} step={0.5} min={0} />
          <Optional {...props} field="perNode" label={say('perNode')} empty={say('unlimited')} />
        </div>
        <Switch
          label={say('gpu')}
          checked={draft.usesGpu}
          disabled={readOnly}
          onChange={(event) => onChange({ usesGpu: event.currentTarget.checked })}
        />
        {draft.usesGpu && (
          <div className={classes.row}>
            <Amount {...props} field="vramGiB" label={say('vram')} step={0.5} min={0} />
            <Amount {...props} field="encoderSessions" label={say('encoder')} step={1} min={0} />
            <Optional {...props} field="perGpu" label={say('perGpu')} empty={say('unlimited')} />
          </div>
        )}
      </fieldset>
      <fieldset className={classes.group}>
        <legend>{say('recipe.picture')}</legend>
        <div className={classes.row}>
          <Amount {...props} field="width" label={say('width')} step={2} min={16} />
          <Amount {...props} field="height" label={say('height')} step={2} min={16} />
          <Amount {...props} field="fps" label={say('fps')} step={1} min={1} />
        </div>
      </fieldset>
      <ResetForm {...props} />
      <fieldset className={classes.group}>
        <legend>{say('recipe.recycle')}</legend>
        <div className={classes.row}>
          <Optional {...props} field="recycleMemoryGiB" label={say('recycle.memory')} empty={say('never')} />
          <Optional {...props} field="recycleVramGiB" label={say('recycle.vram')} empty={say('never')} />
          <Optional {...props} field="recycleAgeMinutes" label={say('recycle.age')} empty={say('never')} />
          <Optional {...props} field="recycleSessions" label={say('recycle.sessions')} empty={say('never')} />
          <Optional {...props} field="memoryLimitGiB" label={say('memory.limit')} empty={say('never')} />
        </div>
      </fieldset>
      <fieldset className={classes.group}>
        <legend>{say('recipe.times')}</legend>
        <div className={classes.row}>
          <Amount {...props} field="startTimeoutSeconds" label={say('time.start')} step={5} min={1} />
          <Amount {...props} field="pictureTimeoutSeconds" label={say('time.picture')} step={5} min={1} />
          <Amount {...props} field="stopGraceSeconds" label={say('time.stop')} step={1} min={0} />
        </div>
      </fieldset>
    </div>
  );
}

/** The sentence of a field's fault, if it has one. */
export function useFault(faults: readonly DraftFault[]): (field: keyof RecipeDraft) => string | undefined {
  const say = useTexts(appTexts);
  return (field) => {
    const found = faults.find((one) => one.field === field);
    return found && say(`fault.${found.fault}`, { message: found.message ?? '' });
  };
}

type NumberField = {
  [Key in keyof RecipeDraft]: RecipeDraft[Key] extends number ? Key : never;
}[keyof RecipeDraft];
type OptionalField = {
  [Key in keyof RecipeDraft]: null extends RecipeDraft[Key] ? Key : never;
}[keyof RecipeDraft];

export function Amount({
  draft,
  onChange,
  faults,
  readOnly = false,
  field,
  label,
  step,
  min,
}: DraftProps & {
  readonly field: NumberField;
  readonly label: string;
  readonly step: number;
  readonly min: number;
}) {
  const fault = useFault(faults);
  return (
    <NumberInput
      label={label}
      step={step}
      min={min}
      readOnly={readOnly}
      value={draft[field]}
      error={fault(field)}
      onChange={(value) => typeof value === 'number' && onChange({ [field]: value })}
    />
  );
}

/** A number that may be left out. */
export function Optional({
  draft,
  onChange,
  faults,
  readOnly = false,
  field,
  label,
  empty,
}: DraftProps & { readonly field: OptionalField; readonly label: string; readonly empty: string }) {
  const fault = useFault(faults);
  return (
    <NumberInput
      label={label}
      placeholder={empty}
      min={0}
      readOnly={readOnly}
      value={draft[field] ?? ''}
      error={fault(field)}
      onChange={(value) => onChange({ [field]: typeof value === 'number' ? value : null })}
    />
  );
}

export function Choice<T extends string>({
  label,
  value,
  data,
  readOnly,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly data: readonly { readonly value: T; readonly label: string }[];
  readonly readOnly: boolean;
  readonly onChange: (value: T) => void;
}) {
  return (
    <Select
      label={label}
      value={value}
      data={[...data]}
      readOnly={readOnly}
      allowDeselect={false}
      onChange={(next) => {
        const found = data.find((one) => one.value === next);
        if (found) onChange(found.value);
      }}
    />
  );
}
