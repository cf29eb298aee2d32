import type { Phrase } from './phrase.ts';

/**
 * What a form shows of a field, as zod meta: its name, a sentence about it, and how it is chosen. It goes into the JSON schema
 * as it is, and the console's forms read it from there.
 */
export interface FieldWords {
  readonly phrase: Phrase;
  readonly hint?: Phrase;
  /** What the value names or measures, so that it can be chosen: `delivery-target`, `channel`, `duration`. */
  readonly pick?: 'channel' | 'delivery-target' | 'duration' | 'path' | 'size' | 'template';
  /** Narrows a picker: only targets of these kinds. */
  readonly kinds?: readonly string[];
  /** Lines of a long text. */
  readonly rows?: number;
  readonly order?: number;
  /** Hidden until asked for. */
  readonly advanced?: boolean;
  /** Words for the values of an enum. */
  readonly options?: Readonly<Record<string, Phrase>>;
}

/** `z.string().meta(fieldWords('Folder', '文件夹'))` */
export function fieldWords(en: string, chinese: string, more: Omit<FieldWords, 'phrase'> = {}) {
  return { phrase: { en, 'zh-CN': chinese }, ...more };
}

/** The same for every step that makes a film. */
export const holdWords = fieldWords('Keep the film on the node', '视频保留在节点上', {
  hint: {
    en: 'A large film does not travel until somebody asks for it. The next steps prefer that node.',
    'zh-CN': '大视频在有人需要之前不会被传输，后续步骤优先在该节点执行。',
  },
  advanced: true,
});
