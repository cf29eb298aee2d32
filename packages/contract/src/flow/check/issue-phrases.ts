import type { PhraseTable } from '../../phrase.ts';

/** What can be wrong with a flow. */
export const flowIssuePhrases = {
  'flow.text_syntax': {
    en: 'The text can’t be read as YAML: {problem}',
    'zh-CN': '文本不是有效的 YAML：{problem}',
  },
  'flow.text_long': {
    en: 'The text is longer than {limit} characters.',
    'zh-CN': '文本超过 {limit} 个字符。',
  },
  'flow.shape': { en: '{problem}', 'zh-CN': '格式不符：{problem}' },
  'flow.step_twice': { en: 'Two steps are called "{step}".', 'zh-CN': '有两个步骤都叫“{step}”。' },
  'flow.step_reserved': {
    en: 'A step can’t be called "{step}": templates use that word.',
    'zh-CN': '步骤不能叫“{step}”：模板使用了这个词。',
  },
  'flow.kind_unknown': {
    en: 'There is no step kind "{kind}".',
    'zh-CN': '没有步骤类型“{kind}”。',
  },
  'flow.trigger_unknown': { en: 'There is no trigger kind "{kind}".', 'zh-CN': '没有触发器类型“{kind}”。' },
  'flow.parameter': { en: '{name}: {problem}', 'zh-CN': '{name}：{problem}' },
  'flow.parameter_unknown': {
    en: '"{kind}" has no parameter "{name}".',
    'zh-CN': '“{kind}”没有参数“{name}”。',
  },
  'flow.input_unknown': { en: '"{kind}" has no input "{port}".', 'zh-CN': '“{kind}”没有输入“{port}”。' },
  'flow.input_missing': {
    en: 'The input "{port}" is not connected.',
    'zh-CN': '输入“{port}”没有连接。',
  },
  'flow.input_many': {
    en: 'The input "{port}" takes one file only.',
    'zh-CN': '输入“{port}”只接受一个文件。',
  },
  'flow.input_type': {
    en: 'The input "{port}" takes {wanted}, but "{reference}" is {given}.',
    'zh-CN': '输入“{port}”的类型是 {wanted}，而“{reference}”是 {given}。',
  },
  'flow.reference_step': { en: 'There is no step "{step}".', 'zh-CN': '没有步骤“{step}”。' },
  'flow.reference_port': { en: '"{step}" has no output "{port}".', 'zh-CN': '“{step}”没有输出“{port}”。' },
  'flow.reference_branch': {
    en: '"{step}" has no way "{branch}"; it has {known}.',
    'zh-CN': '“{step}”没有分支“{branch}”，只有 {known}。',
  },
  'flow.reference_inside': {
    en: '"{step}" is inside of "{each}" and can’t be seen from here; let "{each}" collect it.',
    'zh-CN': '“{step}”位于“{each}”内部，此处无法引用；请让“{each}”收集它。',
  },
  'flow.within_unknown': {
    en: '"{each}" is no for-each of this flow.',
    'zh-CN': '“{each}”不是本流程中的逐个处理步骤。',
  },
  'flow.within_circle': { en: '"{step}" is inside of itself.', 'zh-CN': '“{step}”包含了自身。' },
  'flow.cycle': { en: 'The steps {way} wait for each other.', 'zh-CN': '步骤 {way} 相互等待。' },
  'flow.never': {
    en: '"{step}" can never run: it waits for both {one} and {other}.',
    'zh-CN': '“{step}”永远不会执行：它同时等待 {one} 和 {other}。',
  },
  'flow.for_each_deep': {
    en: '"{step}" is inside of too many for-eaches: {limit} may be inside of each other.',
    'zh-CN': '“{step}”的逐个处理嵌套过深，最多 {limit} 层。',
  },
  'flow.for_each_empty': {
    en: 'Nothing is inside of "{step}".',
    'zh-CN': '“{step}”内部没有步骤。',
  },
  'flow.for_each_source': {
    en: 'Connect "files" or "data" of "{step}": it has nothing to go through.',
    'zh-CN': '请连接“{step}”的 files 或 data：没有可处理的项目。',
  },
  'flow.collect': {
    en: '"collect" has to name an output of a step inside of "{step}".',
    'zh-CN': 'collect 必须是“{step}”内部某一步的输出。',
  },
  'flow.delete_unverified': {
    en: '"{step}" deletes {reference} although no verified copy of it is sure to be there before: {way}.',
    'zh-CN': '“{step}”会删除 {reference}，但在此之前不能保证已有校验过的副本：{way}。',
  },
  'flow.secret_in_address': {
    en: 'The address has what looks like a secret ({name}): everybody who sees the flow sees it. Keep it among the secrets of a delivery target, and name the target here.',
    'zh-CN':
      '地址中疑似含有密钥（{name}），能看到此流程的人都能看到它。请将其保存为投递目标的密钥，并在此引用该目标。',
  },
  'flow.template_syntax': {
    en: 'The template can’t be read: {problem}.',
    'zh-CN': '模板无法读取：{problem}。',
  },
  'flow.template_name': {
    en: 'A template names "{name}", which is neither a step nor trigger, run, step, inputs or index.',
    'zh-CN': '模板引用了“{name}”，它既不是步骤，也不是 trigger、run、step、inputs 或 index。',
  },
  'flow.template_early': {
    en: 'A template names "{name}", which need not have ended by then; add it to "after".',
    'zh-CN': '模板引用了“{name}”，但届时它可能尚未结束；请把它加入 after。',
  },
  'flow.template_port': {
    en: 'A template names {name}.{port}; "{name}" has no such output.',
    'zh-CN': '模板引用了 {name}.{port}，但“{name}”没有该输出。',
  },
} as const satisfies PhraseTable;
