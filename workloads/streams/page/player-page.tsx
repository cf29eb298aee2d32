import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { type AppLook, applyLook, chooseScheme, readLook } from './app-look.ts';
import { obeyHost, tellHost } from './model/embedding.ts';
import type { PlayerLink } from './model/link.ts';
import { Player } from './model/player.ts';
import { type Curtain as CurtainState, curtainOf, initialState } from './model/player-state.ts';
import { Bar } from './parts/bar.tsx';
import { Curtain } from './parts/curtain.tsx';
import { Notices } from './parts/notices.tsx';
import { StatsPanel } from './parts/stats-panel.tsx';
import classes from './player-page.module.css';
import { useWords } from './texts.ts';

/** The whole page: the picture, and what must be said around it. */
export function PlayerPage({ link }: { readonly link: PlayerLink }) {
  const { say } = useWords();
  const page = useRef<HTMLElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const [stats, setStats] = useState(false);
  const look = useLook(link);
  const { player, again } = usePlayer(link, stage, look.unknown);
  const state = useSyncExternalStore(player?.watch ?? watchNothing, player?.read ?? readNothing);
  const curtain: CurtainState | null = look.unknown
    ? { kind: 'ended', reason: 'refused', code: 'app_unknown' }
    : curtainOf(state);

  useEffect(() => {
    document.title = look.title;
  }, [look.title]);
  useEffect(() => {
    const video = player?.session.video;
    video?.setAttribute('aria-label', look.title);
    video?.parentElement?.setAttribute('role', 'application');
    video?.parentElement?.setAttribute('aria-label', say('picture', { title: look.title }));
  }, [player, look.title, say]);

  return (
    <main ref={page} className={classes.page}>
      <div ref={stage} className={classes.stage} />
      {curtain && (
        <Curtain
          curtain={curtain}
          state={state}
          look={look}
          onAgain={again}
          onPlay={() => {
            player?.session.play();
            player?.session.focus();
          }}
        />
      )}
      {player && state.hasPicture && (
        <>
          <Bar player={player} state={state} page={page} stats={stats} onStats={setStats} />
          {stats && <StatsPanel state={state} onClose={() => setStats(false)} />}
        </>
      )}
      {player && !look.unknown && <Notices player={player} state={state} />}
    </main>
  );
}

const nothing = initialState('controller', false, 0);
const readNothing = () => nothing;
const watchNothing = () => () => undefined;

/** One session at a time; another one when the person says so. */
function usePlayer(
  link: PlayerLink,
  stage: { readonly current: HTMLDivElement | null },
  unknown: boolean,
): { readonly player: Player | null; readonly again: () => void } {
  const [player, setPlayer] = useState<Player | null>(null);
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is another session
  useEffect(() => {
    const element = stage.current;
    if (!element || unknown || link.app === '') return;
    const one = new Player(
      {
        app: link.app,
        element,
        ...(link.ticket === undefined ? {} : { ticket: link.ticket }),
        ...(link.role === undefined ? {} : { role: link.role }),
        ...(link.watch === undefined ? {} : { watch: link.watch }),
        ...(storage() ? { memory: sessionStorage } : {}),
      },
      tellHost,
    );
    // Keys go to the application from the first picture on, unless the person is busy elsewhere on the page.
    const off = one.session.on('playing', () => {
      if (document.activeElement === document.body) one.session.focus();
    });
    const release = obeyHost(one.session);
    setPlayer(one);
    return () => {
      off();
      release();
      one.close();
    };
  }, [link, stage, unknown, round]);
  return { player, again: useCallback(() => setRound((before) => before + 1), []) };
}

function useLook(link: PlayerLink): Pick<AppLook, 'title' | 'logo'> & { readonly unknown: boolean } {
  const [look, setLook] = useState<AppLook | null>(null);
  const [unknown, setUnknown] = useState(link.app === '');
  useEffect(() => {
    let mounted = true;
    readLook(link.app).then((answer) => {
      if (!mounted) return;
      if (answer.kind === 'unknown') setUnknown(true);
      if (answer.kind === 'look') setLook(answer.look);
    });
    return () => {
      mounted = false;
    };
  }, [link.app]);
  useEffect(() => {
    const light = matchMedia('(prefers-color-scheme: light)');
    const draw = () =>
      applyLook(chooseScheme(link.scheme, look?.scheme ?? 'auto', light.matches), look?.accent ?? null);
    draw();
    light.addEventListener('change', draw);
    return () => light.removeEventListener('change', draw);
  }, [look, link.scheme]);
  return { title: look?.title ?? link.app, logo: look?.logo ?? null, unknown };
}

/** Asking for it throws where a browser forbids storage. */
function storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
