import type { Phrase } from '../../phrase.ts';

/** By the code of the error: its message is English and quotes the text. */
const yamlProblems: Readonly<Record<string, string>> = {
  ALIAS_PROPS: '别名不能带标签或锚点',
  BAD_ALIAS: '别名无法解析',
  BAD_COLLECTION_TYPE: '集合类型不符',
  BAD_DIRECTIVE: '指令有误',
  BAD_DQ_ESCAPE: '双引号文本中的转义有误',
  BAD_INDENT: '缩进有误',
  BAD_PROP_ORDER: '锚点和标签的位置有误',
  BAD_SCALAR_START: '此字符不能作为值的开头，请加引号',
  BLOCK_AS_IMPLICIT_KEY: '此处不允许嵌套的映射，值中含有冒号时请加引号',
  BLOCK_IN_FLOW: '括号内不能使用缩进写法',
  DUPLICATE_KEY: '键重复',
  KEY_OVER_1024_CHARS: '键超过 1024 个字符',
  MISSING_CHAR: '缺少字符，例如引号、括号、逗号或冒号',
  MULTILINE_IMPLICIT_KEY: '键必须写在一行内',
  MULTIPLE_ANCHORS: '一个值只能有一个锚点',
  MULTIPLE_DOCS: '只能有一个文档',
  MULTIPLE_TAGS: '一个值只能有一个标签',
  NON_STRING_KEY: '键必须是文本',
  RESOURCE_EXHAUSTION: '别名过多',
  TAB_AS_INDENT: '不能用制表符缩进',
  TAG_RESOLVE_FAILED: '标签无法识别',
  UNEXPECTED_TOKEN: '意外的内容',
};

/** What is wrong with a text that is no YAML, in every language. */
export function problemOfYaml(error: { readonly code?: string; readonly message: string }): Phrase {
  const en = error.message.slice(0, 300);
  return { en, 'zh-CN': yamlProblems[error.code ?? ''] ?? en };
}
