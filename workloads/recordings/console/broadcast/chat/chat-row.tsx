import { useFormat, useTexts } from '@backlot/console/workload';
import { IconCoin, IconGift, IconStar } from '@tabler/icons-react';
import type { ChatLine } from '../../../contract/chat.ts';
import classes from './chat-list.module.css';
import { filmClock, shortened } from './line.ts';
import { chatTexts } from './texts.ts';

/** In characters: a name and a text longer than that push everybody else's out of sight. */
const longest = { user: 32, text: 240 } as const;
/** From here on a text may not be seen as a whole. */
const long = 100;

/**
 * What stands in the row of one line. Names and texts are a stranger's: isolated, so that a right-to-left one can't turn
 * the row around, and without the colour that its writer chose, which need not be readable here.
 */
export function ChatRow({ line }: { readonly line: ChatLine }) {
  return (
    <>
      <time className={classes.time}>{filmClock(line.ms)}</time>
      {line.kind === 'gift' || line.kind === 'member' ? <Aside line={line} /> : <Said line={line} />}
    </>
  );
}

function Said({ line }: { readonly line: ChatLine }) {
  const say = useTexts(chatTexts);
  const format = useFormat();
  const amount = line.price === undefined ? undefined : format.number(line.price, 2);
  return (
    <span className={classes.said} title={line.text.length > long ? line.text : undefined}>
      <bdi className={classes.user}>{shortened(line.user, longest.user)}</bdi>
      {line.kind === 'paid' && (
        <span className={classes.amount}>
          <IconCoin size={13} aria-hidden="true" />
          <span className="visually-hidden">{say('paid', { amount: amount ?? '' })}</span>
          <span aria-hidden="true">{amount}</span>
        </span>
      )}{' '}
      <bdi>{shortened(line.text, longest.text)}</bdi>
    </span>
  );
}

/** Gifts and new members: many, and seldom what somebody looks for. One line each. */
function Aside({ line }: { readonly line: ChatLine }) {
  const say = useTexts(chatTexts);
  const format = useFormat();
  const Icon = line.kind === 'gift' ? IconGift : IconStar;
  return (
    <span className={classes.aside}>
      <Icon size={13} aria-hidden="true" />
      <bdi>{shortened(line.user, longest.user)}</bdi>
      <span className="visually-hidden">{say(line.kind === 'gift' ? 'gift' : 'member')}</span>
      <bdi className={classes.what}>{shortened(line.text, longest.text)}</bdi>
      {line.count !== undefined && line.count > 1 && <span>×{format.number(line.count)}</span>}
    </span>
  );
}
