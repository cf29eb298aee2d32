import { useTexts } from '@backlot/console/workload';
import { Textarea, TextInput } from '@mantine/core';
import { appTexts } from '../app/app-texts.ts';
import classes from './recipe-form.module.css';
import { Amount, Choice, type DraftProps, useFault } from './recipe-form.tsx';

/** How an instance is made fresh for the next viewer. */
export function ResetForm(props: DraftProps) {
  const { draft, onChange, faults, readOnly = false } = props;
  const say = useTexts(appTexts);
  const fault = useFault(faults);
  const kind = draft.resetKind;
  return (
    <fieldset className={classes.group}>
      <legend>{say('recipe.reset')}</legend>
      <div className={classes.row}>
        <Choice
          label={say('reset.kind')}
          value={kind}
          readOnly={readOnly}
          data={(['none', 'message', 'http', 'stdin'] as const).map((value) => ({
            value,
            label: say(`reset.${value}`),
          }))}
          onChange={(resetKind) => onChange({ resetKind })}
        />
        {kind === 'message' && (
          <Choice
            label={say('reset.type')}
            value={draft.resetType}
            readOnly={readOnly}
            data={[
              { value: 'uiInteraction', label: 'UIInteraction' },
              { value: 'command', label: 'Command' },
            ]}
            onChange={(resetType) => onChange({ resetType })}
          />
        )}
        {kind === 'http' && (
          <Choice
            label={say('reset.method')}
            value={draft.resetMethod}
            readOnly={readOnly}
            data={(['POST', 'PUT', 'GET'] as const).map((value) => ({ value, label: value }))}
            onChange={(resetMethod) => onChange({ resetMethod })}
          />
        )}
        {kind !== 'none' && (
          <Amount {...props} field="resetDeadlineSeconds" label={say('reset.deadline')} step={1} min={0.1} />
        )}
      </div>
      <p className="dim">{say(`reset.${kind}.text`, { port: '{port}' })}</p>
      {kind === 'message' && (
        <Textarea
          label={say('reset.payload')}
          classNames={{ input: classes.mono ?? '' }}
          autosize
          minRows={1}
          maxRows={6}
          spellCheck={false}
          readOnly={readOnly}
          value={draft.resetPayload}
          error={fault('resetPayload')}
          onChange={(event) => onChange({ resetPayload: event.currentTarget.value })}
        />
      )}
      {kind === 'http' && (
        <TextInput
          label={say('reset.url')}
          classNames={{ input: classes.mono ?? '' }}
          spellCheck={false}
          readOnly={readOnly}
          value={draft.resetUrl}
          error={fault('resetUrl')}
          onChange={(event) => onChange({ resetUrl: event.currentTarget.value })}
        />
      )}
      {kind === 'stdin' && (
        <TextInput
          label={say('reset.line')}
          classNames={{ input: classes.mono ?? '' }}
          spellCheck={false}
          readOnly={readOnly}
          value={draft.resetLine}
          error={fault('resetLine')}
          onChange={(event) => onChange({ resetLine: event.currentTarget.value })}
        />
      )}
      {(kind === 'message' || kind === 'stdin') && (
        <TextInput
          label={say('reset.acknowledge')}
          placeholder={kind === 'message' ? say('reset.any') : ''}
          classNames={{ input: classes.mono ?? '' }}
          spellCheck={false}
          readOnly={readOnly}
          value={draft.resetAcknowledge}
          error={fault('resetAcknowledge')}
          onChange={(event) => onChange({ resetAcknowledge: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}
