import type { FlowDetail, FlowRun } from '@backlot/contract/flow/api';
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import { ProblemNotice } from '../../../parts/problem-notice.tsx';
import { SidePanel } from '../../../parts/side-panel.tsx';
import type { KindView } from '../editor/catalogue.ts';
import { flowActions } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import classes from './run-page.module.css';
import { runTexts } from './texts.ts';

interface RunPanelProps {
  readonly flow: FlowDetail;
  readonly trigger: KindView | undefined;
  readonly onClose: () => void;
  readonly onStarted: (run: FlowRun) => void;
}

/** Begins a run by hand: with files where the trigger gives files, with data for the texts of its steps. */
export function RunPanel({ flow, trigger, onClose, onStarted }: RunPanelProps) {
  const say = useTexts(runTexts);
  const words = useTexts(flowTexts);
  const [files, setFiles] = useState<Readonly<Record<string, string>>>({});
  const [data, setData] = useState('');
  const ports = Object.entries(trigger?.outputs ?? {}).filter(([, { type }]) => type !== 'data');
  const start = useMutation({
    mutationFn: async () => {
      const artifacts = Object.fromEntries(
        Object.entries(files)
          .map(([port, text]) => [port, text.split(/[\s,]+/).filter(Boolean)] as const)
          .filter(([, ids]) => ids.length > 0),
      );
      const told: unknown = data.trim() === '' ? {} : JSON.parse(data);
      return flowActions.run(flow.id, { artifacts, data: told as Record<string, unknown> });
    },
    onSuccess: onStarted,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <SidePanel title={words('run')} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <p>{words('run.ask', { number: flow.version, name: flow.name })}</p>
        {ports.map(([port]) => (
          <Textarea
            key={port}
            label={say('start.port', { port })}
            description={words('run.files.hint')}
            autosize
            minRows={2}
            value={files[port] ?? ''}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setFiles((before) => ({ ...before, [port]: value }));
            }}
          />
        ))}
        <Textarea
          label={say('start.data', { trigger: '{{trigger.…}}' })}
          description={say('start.data.hint')}
          autosize
          minRows={2}
          value={data}
          onChange={(event) => setData(event.currentTarget.value)}
        />
        <ProblemNotice error={start.error} />
        <Button type="submit" loading={start.isPending}>
          {say('start.do')}
        </Button>
      </form>
    </SidePanel>
  );
}
