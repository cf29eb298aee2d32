import { Until, useTexts } from '@backlot/console/workload';
import { deliveryTexts } from '../texts.ts';

interface NextTryProps {
  /** Null while nothing is waited for. */
  readonly at: string | null;
  /** What else there is to say, in the order of its weight. */
  readonly words: readonly (string | null)[];
}

/** When something is tried again, and why it has to be; the whole of it in the tooltip. */
export function NextTry({ at, words }: NextTryProps) {
  const say = useTexts(deliveryTexts);
  const text = words.filter(Boolean).join(' · ');
  return (
    <span title={text}>
      {at !== null && (
        <>
          {say('next')} <Until at={at} />
          {text !== '' && ' · '}
        </>
      )}
      {text}
    </span>
  );
}
