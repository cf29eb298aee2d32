import { fill, type Phrase, type StepInput } from '@backlot/contract';
import { Copy, type Notice, type NoticeLevel, type NotifyStep } from '../../contract.ts';

const templates: Readonly<Record<NotifyStep['template'], { level: NoticeLevel; title: Phrase }>> = {
  finished: { level: 'success', title: { en: '{name}: done', 'zh-CN': '{name}：已完成' } },
  uploaded: { level: 'success', title: { en: '{name}: uploaded', 'zh-CN': '{name}：已上传' } },
  failed: { level: 'failure', title: { en: '{name}: a step has failed', 'zh-CN': '{name}：步骤失败' } },
  custom: { level: 'info', title: { en: '{name}', 'zh-CN': '{name}' } },
};

const copyLine: Phrase = {
  en: '{path} on {target}, {size} bytes',
  'zh-CN': '{target} 上的 {path}，{size} 字节',
};
const mostLines = 10;

/** The message of a notify step: its own words where it has some, else those of its template. */
export function stepNotice(input: StepInput<NotifyStep>, url: string): Notice {
  const { template, language, title, text, level } = input.parameters;
  const words = templates[template];
  return {
    title: title !== '' ? title : fill(words.title, { name: input.run.name }, language).slice(0, 500),
    text: text !== '' ? text : linesOf(input).join('\n').slice(0, 5_000),
    level: level ?? words.level,
    url,
  };
}

/** What is known of the run: the copy that came in, and what the trigger told. */
function linesOf({ inputs, trigger, parameters }: StepInput<NotifyStep>): string[] {
  const given = inputs.data?.type === 'data' ? inputs.data.data : undefined;
  const copy = Copy.safeParse(given).data;
  const lines = copy
    ? [fill(copyLine, { path: copy.path, target: copy.target, size: copy.size }, parameters.language)]
    : scalars(given);
  return [...lines, ...scalars(trigger)].slice(0, mostLines);
}

function scalars(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    (typeof one === 'string' && one !== '') || typeof one === 'number'
      ? [`${key}: ${String(one).slice(0, 300)}`]
      : [],
  );
}
