import { Button } from '@mantine/core';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { shellTexts } from './texts.ts';

interface ErrorBoundaryProps {
  /** A change of it (another page) gives the content a new chance. */
  readonly resetKey: string;
  readonly children: ReactNode;
}

interface ErrorBoundaryState {
  readonly error: unknown;
  readonly resetKey: string;
}

/** Keeps a fault of one page from taking the shell with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<ErrorBoundaryState> {
    return { error };
  }

  static getDerivedStateFromProps(
    props: ErrorBoundaryProps,
    state: ErrorBoundaryState,
  ): Partial<ErrorBoundaryState> | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error('A part of the page has failed', error, info.componentStack);
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} />;
  }
}

/** What stands where a part of the page has failed. */
export function Broken({ error }: { readonly error: unknown }) {
  const say = useTexts(shellTexts);
  return (
    <div style={{ padding: 20, display: 'grid', gap: 12, justifyItems: 'start' }}>
      <ProblemNotice error={error} />
      <Button variant="default" onClick={() => location.reload()}>
        {say('boundary.reload')}
      </Button>
    </div>
  );
}
