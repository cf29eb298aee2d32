import { LoadCurve, Section, transport, useFormat, useTexts } from '@backlot/console/workload';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { z } from 'zod';
import { participantPath } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import { rateOf } from './rate-of.ts';

const everyMs = 2_000;
const kept = 90;

/** What is used of mediasoup's statistics. */
const Stats = z.object({
  producers: z.array(z.object({ stats: z.array(z.record(z.string(), z.unknown())) })),
  consumers: z.array(z.object({ stats: z.array(z.record(z.string(), z.unknown())) })),
});

interface Curve {
  readonly times: readonly number[];
  readonly sent: readonly (number | null)[];
  readonly received: readonly (number | null)[];
}

/** Bits per second from and to somebody, since the panel was opened. */
export function Rates({ roomId, identity }: { readonly roomId: string; readonly identity: string }) {
  const say = useTexts(roomTexts);
  const format = useFormat();
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['rooms', roomId, 'stats', identity],
    queryFn: ({ signal }) =>
      transport().call('GET', `${participantPath(roomId, identity)}/stats`, Stats, { signal }),
    refetchInterval: everyMs,
    retry: false,
  });
  const [curve, setCurve] = useState<Curve>({ times: [], sent: [], received: [] });
  useEffect(() => {
    if (!data) return;
    setCurve((before) => ({
      times: [...before.times, dataUpdatedAt].slice(-kept),
      sent: [...before.sent, rateOf(data.producers, 'inbound-rtp')].slice(-kept),
      received: [...before.received, rateOf(data.consumers, 'outbound-rtp')].slice(-kept),
    }));
  }, [data, dataUpdatedAt]);
  if (curve.times.length < 2) return null;
  return (
    <Section title={say('person.rates')}>
      <LoadCurve
        title={say('person.rates')}
        times={curve.times}
        series={[
          { label: say('rate.in'), values: curve.sent },
          { label: say('rate.out'), values: curve.received },
        ]}
        unit={(value) => (value === null ? '–' : `${format.number(value / 1_000, 0)} kbit/s`)}
      />
    </Section>
  );
}
