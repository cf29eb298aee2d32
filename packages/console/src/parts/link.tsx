import { useRouter } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from 'react';

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  /** An address within the console; may carry a query. */
  readonly to: string;
  readonly children: ReactNode;
}

/**
 * A link within the console. It takes a plain address, because pages come from workloads that this package does
 * not know; everything a browser does with links (new tab, copy, middle click) works.
 */
export function Link({ to, onClick, children, ...rest }: LinkProps) {
  const router = useRouter();
  const onFollow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || rest.target) return;
    event.preventDefault();
    router.history.push(to);
  };
  const preload = () => void router.preloadRoute({ to }).catch(() => {});
  return (
    <a {...rest} href={to} onClick={onFollow} onPointerEnter={preload} onFocus={preload}>
      {children}
    </a>
  );
}

interface GoToOptions {
  readonly replace?: boolean;
  /** Without the question of a `LeaveGuard`: what it guards has just been saved. */
  readonly unasked?: boolean;
}

/** Goes to an address within the console. */
export function useGoTo(): (to: string, options?: GoToOptions) => void {
  const router = useRouter();
  return (to, { replace = false, unasked = false } = {}) => {
    if (replace) router.history.replace(to, undefined, { ignoreBlocker: unasked });
    else router.history.push(to, undefined, { ignoreBlocker: unasked });
  };
}
