import { trackOf } from '@backlot/sdk/rooms/state';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { type CSSProperties, useEffect, useState } from 'react';
import { gap, gridFor, tilesPerPage } from '../model/layout.ts';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { useStore } from '../model/store.ts';
import { mainTile, type TileModel, tilesOf } from '../model/tiles.ts';
import { useSize } from '../model/use-size.ts';
import { IconButton } from '../parts/button.tsx';
import { useWords } from '../texts.ts';
import classes from './stage.module.css';
import { Tile } from './tile.tsx';

export type View = 'grid' | 'speaker';

interface StageProps {
  readonly session: RoomSession;
  readonly state: SessionState;
  readonly view: View;
  readonly pinned: string | null;
  readonly onPin: (key: string | null) => void;
}

/** Everybody's pictures: a grid, or one large with the others beside it. */
export function Stage({ session, state, view, pinned, onPin }: StageProps) {
  const { say } = useWords();
  const [element, size] = useSize<HTMLDivElement>();
  const [page, setPage] = useState(0);
  const { camera } = useStore(session.media);
  const tiles = tilesOf(state.room);
  const main = mainTile(tiles, { pinned, lastSpeaker: state.lastSpeaker });
  const large = pinned !== null || view === 'speaker' || tiles.some((tile) => tile.isScreen && !tile.isSelf);
  const isAlone = state.room.participants.size <= 1;
  const perPage = tilesPerPage(size.width, size.height);
  const pages = Math.max(1, Math.ceil(tiles.length / perPage));
  const shownPage = Math.min(page, pages - 1);
  const inGrid = tiles.slice(shownPage * perPage, (shownPage + 1) * perPage);
  const others = tiles.filter((tile) => tile !== main);
  const shown = large && main && tiles.length > 1 ? tiles : inGrid;
  useHidden(session, state, tiles, shown);

  const draw = (tile: TileModel) => (
    <Tile
      tile={tile}
      room={state.room}
      remote={state.remote}
      own={tile.isScreen ? (state.screen?.mediaTrack ?? null) : camera.on ? camera.track : null}
      pinned={pinned === tile.key}
      onPin={() => onPin(pinned === tile.key ? null : tile.key)}
    />
  );

  if (large && main && tiles.length > 1) {
    return (
      <div ref={element} className={classes.stage} data-view="speaker">
        <div className={classes.main}>{draw(main)}</div>
        <ul className={classes.strip}>
          {others.map((tile) => (
            <li key={tile.key}>{draw(tile)}</li>
          ))}
        </ul>
      </div>
    );
  }
  const grid = gridFor(inGrid.length, size.width, size.height);
  // A last row that is not full stands in the middle.
  const style = {
    gap,
    width: grid.columns * grid.tileWidth + (grid.columns - 1) * gap,
  } satisfies CSSProperties;
  const cell = { width: grid.tileWidth, height: grid.tileHeight } satisfies CSSProperties;
  return (
    <div ref={element} className={classes.stage} data-view="grid">
      <ul className={classes.grid} style={style}>
        {inGrid.map((tile) => (
          <li key={tile.key} style={cell}>
            {draw(tile)}
          </li>
        ))}
      </ul>
      {isAlone && (
        <div className={classes.alone}>
          <h2>{say('empty.title')}</h2>
          <p>{say('empty.text')}</p>
        </div>
      )}
      {pages > 1 && (
        <nav className={classes.pages}>
          <IconButton
            label={say('page.previous')}
            icon={<IconChevronLeft size={18} />}
            disabled={shownPage === 0}
            onClick={() => setPage(shownPage - 1)}
          />
          <span>{say('page.of', { page: shownPage + 1, pages })}</span>
          <IconButton
            label={say('page.next')}
            icon={<IconChevronRight size={18} />}
            disabled={shownPage === pages - 1}
            onClick={() => setPage(shownPage + 1)}
          />
        </nav>
      )}
    </div>
  );
}

/** Pictures of those on other pages are not sent: nobody draws them, so the server is told that they are not seen. */
function useHidden(
  session: RoomSession,
  state: SessionState,
  tiles: readonly TileModel[],
  shown: readonly TileModel[],
): void {
  const visible = new Set(shown.map((tile) => tile.key));
  const hidden = tiles
    .filter((tile) => !tile.isSelf && !visible.has(tile.key))
    .map((tile) => trackOf(tile.participant, tile.isScreen ? 'screen' : 'camera')?.id)
    .filter((id) => id !== undefined && state.remote.has(id))
    .join('\n');
  useEffect(() => {
    if (hidden === '') return;
    session.room.setViewport(hidden.split('\n').map((producerId) => ({ producerId, width: 0, height: 0 })));
  }, [session, hidden]);
}
