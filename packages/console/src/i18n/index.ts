export { glossary, useGlossary } from './glossary.ts';
export { languageNames } from './language.ts';
export {
  defineTexts,
  type Say,
  type Text,
  type TextParams,
  type Texts,
  type TextTable,
  useTexts,
} from './texts.ts';
export { useLanguage } from './use-language.ts';
