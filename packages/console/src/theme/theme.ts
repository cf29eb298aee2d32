import {
  type CSSVariablesResolver,
  createTheme,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from '@mantine/core';

/**
 * The console's Mantine theme. Colours here are only neutrals and the one accent; colours that mean a state are
 * CSS variables in `tokens.css`. Its variables are written to a style sheet at build time
 * (`variables-plugin.ts`), so that the page needs no inline style element and the CSP stays strict.
 */
export const theme = createTheme({
  primaryColor: 'accent',
  // White on it reaches AA in both schemes.
  primaryShade: { light: 7, dark: 7 },
  colors: {
    accent: [
      '#eef0fc',
      '#dde1f8',
      '#bcc4f0',
      '#99a4e8',
      '#8490e2',
      '#7580dc',
      '#6570d2',
      '#5560c4',
      '#4a54ad',
      '#3f4794',
    ],
    gray: [
      '#f8f9fa',
      '#f1f3f4',
      '#e6e9eb',
      '#d6dadd',
      '#b9bfc4',
      '#6f777e',
      '#5a6168',
      '#43494f',
      '#2b3035',
      '#191c1f',
    ],
    dark: [
      '#dfe2e5',
      '#c3c8cd',
      '#9aa2a9',
      '#858d95',
      '#33393f',
      '#262b30',
      '#1b1f23',
      '#131619',
      '#0e1012',
      '#090a0c',
    ],
  },
  white: '#ffffff',
  black: '#191c1f',
  fontFamily:
    "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace",
  // 13 px is the size of everything that is read all day.
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.8125rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { xs: '1.35', sm: '1.4', md: '1.45', lg: '1.5', xl: '1.5' },
  spacing: { xs: '0.375rem', sm: '0.5rem', md: '0.75rem', lg: '1rem', xl: '1.5rem' },
  radius: { xs: '2px', sm: '4px', md: '6px', lg: '8px', xl: '12px' },
  defaultRadius: 'sm',
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.125rem', lineHeight: '1.3' },
      h2: { fontSize: '0.9375rem', lineHeight: '1.35' },
      h3: { fontSize: '0.875rem', lineHeight: '1.4' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 'md' } },
    Button: { defaultProps: { size: 'xs' } },
    Menu: { defaultProps: { shadow: 'md', transitionProps: { duration: 90 }, position: 'bottom-end' } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, centered: true, lockScroll: false } },
    Drawer: { defaultProps: { transitionProps: { duration: 120 }, lockScroll: false } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Popover: { defaultProps: { shadow: 'md', transitionProps: { duration: 90 } } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    SegmentedControl: { defaultProps: { size: 'xs', transitionDuration: 120 } },
    Select: {
      defaultProps: { size: 'xs', comboboxProps: { shadow: 'md', transitionProps: { duration: 90 } } },
    },
    MultiSelect: {
      defaultProps: { size: 'xs', comboboxProps: { shadow: 'md', transitionProps: { duration: 90 } } },
    },
    Switch: { defaultProps: { size: 'xs' } },
    Tabs: { defaultProps: { variant: 'default' } },
    TextInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 250, transitionProps: { duration: 90 }, withArrow: false } },
  },
});

/** Binds Mantine's own names to the console's tokens, so that both speak of the same surfaces and borders. */
export const cssVariablesResolver: CSSVariablesResolver = (merged) => {
  const base = defaultCssVariablesResolver(merged);
  const shared = {
    '--mantine-color-body': 'var(--surface-0)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--text-dim)',
    '--mantine-color-placeholder': 'var(--text-faint)',
    '--mantine-color-default': 'var(--surface-1)',
    '--mantine-color-default-hover': 'var(--surface-2)',
    '--mantine-color-default-border': 'var(--border-strong)',
    '--mantine-color-error': 'var(--state-failed-text)',
    '--mantine-color-anchor': 'var(--accent-text)',
  };
  return {
    variables: base.variables,
    light: { ...base.light, ...shared },
    dark: { ...base.dark, ...shared },
  };
};

/** The whole theme with Mantine's defaults filled in, for the build step that writes its variables. */
export const mergedTheme = mergeMantineTheme(DEFAULT_THEME, theme);
