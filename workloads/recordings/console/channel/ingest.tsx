import { ConfirmInline, CopyLine, QueryView, Section, transport, useTexts } from '@backlot/console/workload';
import { useQuery } from '@tanstack/react-query';
import type { Channel } from '../../contract/channel.ts';
import { channelPath, ingestQuery } from '../queries.ts';
import { useAct } from '../shared/use-act.tsx';
import { recordingTexts } from '../texts.ts';
import classes from './channel-page.module.css';

/** Where a program pushes to, ready to be copied into OBS. */
export function Ingest({ channel }: { readonly channel: Channel }) {
  const say = useTexts(recordingTexts);
  const ingest = useQuery(ingestQuery(channel.id));
  const act = useAct();
  return (
    <Section
      title={say('ingest.title')}
      actions={
        <ConfirmInline
          variant="subtle"
          label={say('ingest.rotate')}
          question={say('ingest.rotate.ask')}
          confirm={say('ingest.rotate')}
          danger
          onConfirm={() =>
            act.whole(() => transport().run('POST', `${channelPath(channel.id)}/ingest/rotate`, { json: {} }))
          }
        />
      }
    >
      <QueryView query={ingest} rows={2}>
        {({ server, key }) => (
          <div className={classes.rows}>
            {server === null ? (
              <p className="dim">{say('ingest.waiting')}</p>
            ) : (
              <div className={classes.row}>
                <span className="dim">{say('ingest.server')}</span>
                <CopyLine value={server} label={say('ingest.server')} />
              </div>
            )}
            <div className={classes.row}>
              <span className="dim">{say('ingest.key')}</span>
              <CopyLine value={key} label={say('ingest.key')} />
            </div>
            <p className="dim">{say('ingest.hint')}</p>
          </div>
        )}
      </QueryView>
    </Section>
  );
}
