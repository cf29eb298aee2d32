import { sayRefusal } from '@backlot/contract/errors/refusal';
import type { Failure } from '@backlot/contract/failure';
import { type Reason, translateReason } from '@backlot/contract/phrase';
import { IconHourglass } from '@tabler/icons-react';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import { knownErrors, knownPhrases } from './phrases.ts';
import classes from './reason.module.css';

/** The sentence of a reason in the page's language, from the table of whoever gave it. */
export function useReason(): (reason: Reason) => string {
  const { language } = useLanguage();
  return (reason) =>
    sayRefusal(reason, knownErrors(), language) ?? translateReason(reason, knownPhrases(), language);
}

/** Why something waits: the scheduler's own words, never guessed by the page. */
export function WaitReason({
  reason,
  plain = false,
}: {
  readonly reason: Reason | null;
  readonly plain?: boolean;
}) {
  const sentence = useReason();
  if (!reason) return null;
  const text = sentence(reason);
  if (plain) return <span title={text}>{text}</span>;
  return (
    <p className={classes.wait}>
      <IconHourglass size={14} aria-hidden="true" />
      <span>{text}</span>
    </p>
  );
}

export const failureTexts = defineTexts('parts-failure', {
  'class.input': { en: 'Input can’t be used', 'zh-CN': '输入无法使用' },
  'class.missing': { en: 'Files are missing', 'zh-CN': '缺少文件' },
  'class.capability': { en: 'Node lacks something', 'zh-CN': '节点能力不足' },
  'class.memory': { en: 'Out of memory', 'zh-CN': '内存不足' },
  'class.crash': { en: 'Crashed', 'zh-CN': '崩溃' },
  'class.stall': { en: 'No progress', 'zh-CN': '无进展' },
  'class.output': { en: 'Output is wrong', 'zh-CN': '输出有误' },
  'class.transfer': { en: 'Transfer failed', 'zh-CN': '传输失败' },
  'class.node': { en: 'Fault of the node', 'zh-CN': '节点故障' },
  'class.product': { en: 'Fault of Backlot', 'zh-CN': 'Backlot 自身故障' },
  class: { en: '{{class}}. ', 'zh-CN': '{{class}}。' },
  excerpt: { en: 'End of the log', 'zh-CN': '日志末尾' },
});

/** Why something failed: its class, the sentence, and the end of the log that shows it. */
export function FailureNotice({
  failure,
  inline = false,
}: {
  readonly failure: Failure;
  readonly inline?: boolean;
}) {
  const sentence = useReason();
  const say = useTexts(failureTexts);
  const text = sentence(failure.reason);
  if (inline) {
    return (
      <span className={classes.failed} title={text}>
        {text}
      </span>
    );
  }
  return (
    <div className={classes.failure}>
      <p>
        <strong>{say('class', { class: say(`class.${failure.class}`) })}</strong>
        {text}
      </p>
      {failure.missing && failure.missing.length > 0 && (
        <ul>
          {failure.missing.map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      )}
      {failure.excerpt && (
        <details>
          <summary>{say('excerpt')}</summary>
          <pre>{failure.excerpt}</pre>
        </details>
      )}
    </div>
  );
}
