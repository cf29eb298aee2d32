import { defineTexts } from '../../i18n/texts.ts';

export const schemaFormTexts = defineTexts('parts-schema-form', {
  advanced: { en: 'More settings', 'zh-CN': '更多设置' },
  'lines.hint': { en: 'One for each line.', 'zh-CN': '每行一项。' },
  'pairs.hint': { en: 'One for each line: name=value.', 'zh-CN': '每行一项：名称=值。' },
  'json.hint': { en: 'Written as JSON.', 'zh-CN': '以 JSON 填写。' },
  'json.broken': { en: 'This is not JSON yet.', 'zh-CN': '尚不是合法的 JSON。' },
  none: { en: 'not set', 'zh-CN': '未设置' },
});
