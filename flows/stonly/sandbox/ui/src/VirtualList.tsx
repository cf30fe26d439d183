import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { Blocks } from './blocks'
import css from './Members.module.css'
import { useReorder } from './reorder'
import { Bones, Head, Row, type RowUse, type Sorting } from './Row'
import { Broken } from './Broken'

interface Props {
  list: Blocks
  use: RowUse
  sorting: Sorting
  reorder: boolean
  noTotal: boolean
}

const rowHeight = 52

/** VirtualList keeps only the rows in sight in the document. */
export function VirtualList({ list, use, sorting, reorder, noTotal }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { at, need } = list
  const shift = useReorder(reorder)
  const moved = shift.first ? 1 : 0
  const rows = useVirtualizer({
    count: list.count + moved,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  })
  const items = rows.getVirtualItems()
  const firstItem = items[0]?.index ?? 0
  const lastItem = items[items.length - 1]?.index ?? 0

  useEffect(() => need(firstItem, lastItem), [need, firstItem, lastItem])

  return (
    <div
      role="grid"
      aria-label="Members"
      aria-rowcount={noTotal || list.total === null ? undefined : list.total + 1}
      aria-busy={list.loading}
      className={css.Grid}
      data-cy="memberList"
      data-lively={moved > 0 || undefined}
      onPointerMove={shift.onPointerMove}
    >
      <div role="rowgroup">
        <Head index={1} sorting={sorting} />
      </div>
      {list.failed && <Broken text={list.failed} again={list.again} />}
      <div ref={scroller} role="rowgroup" className={css.Scroller} data-cy="memberScroller" tabIndex={-1}>
        {!list.loading && list.count === 0 && <div className={css.Empty}>No members found</div>}
        <div role="presentation" style={{ height: rows.getTotalSize() }}>
          {items.map((v) => {
            const member = moved && v.index === 0 ? (shift.first ?? undefined) : at(v.index - moved)
            const place = { transform: `translateY(${v.start}px)` }
            return member ? (
              <Row key={v.key} member={member} index={v.index + 2} style={place} {...use} />
            ) : (
              <Bones key={v.key} index={v.index + 2} style={place} />
            )
          })}
        </div>
      </div>
    </div>
  )
}
