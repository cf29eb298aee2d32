import type { FlowDetail } from '@backlot/contract/flow/api';
import { Button } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTexts } from '../../../i18n/texts.ts';
import { ConfirmInline } from '../../../parts/confirm-inline.tsx';
import { useGoTo } from '../../../parts/link.tsx';
import { Ago } from '../../../parts/time.tsx';
import { versionQuery } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import classes from './saved-meanwhile.module.css';

interface SavedMeanwhileProps {
  readonly flow: FlowDetail;
  /** Number of the version that the changes were made from. */
  readonly base: number;
  readonly onTake: () => void;
}

/** Another version was saved while there are changes here: whose it is, and the ways out that lose nothing unasked. */
export function SavedMeanwhile({ flow, base, onTake }: SavedMeanwhileProps) {
  const say = useTexts(flowTexts);
  const goTo = useGoTo();
  const { data: theirs } = useQuery(versionQuery(flow.id, flow.version));
  const number = flow.version;
  return (
    <section className={classes.notice} role="status" aria-label={say('meanwhile.label')}>
      <IconUsers size={16} className={classes.icon} aria-hidden="true" />
      <div className={classes.words}>
        <p>
          <strong>
            {theirs
              ? say('meanwhile.by', { number, name: theirs.createdBy.name })
              : say('meanwhile.some', { number })}
          </strong>{' '}
          {theirs && (
            <span className="dim">
              <Ago at={theirs.createdAt} />
              {theirs.note && ` · ${theirs.note}`}
            </span>
          )}
        </p>
        <p>{say('meanwhile.kept', { number, base })}</p>
      </div>
      <div className={classes.ways}>
        <Button variant="default" onClick={() => goTo(`/flows/${flow.id}?part=versions&version=${number}`)}>
          {say('meanwhile.look', { number })}
        </Button>
        <ConfirmInline
          variant="subtle"
          label={say('meanwhile.take', { number })}
          question={say('meanwhile.take.ask', { number })}
          confirm={say('meanwhile.take.do')}
          danger
          onConfirm={async () => onTake()}
        />
      </div>
    </section>
  );
}
