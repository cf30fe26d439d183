import { useEffect, useRef } from 'react'
import { Broken } from './Broken'
import { Button } from './Button'
import css from './Members.module.css'
import type { Pages } from './pages'
import { useReorder } from './reorder'
import { Bones, Head, Row, type RowUse, type Sorting } from './Row'
import type { Paging } from './types'

interface Props {
  list: Pages
  size: number
  paging: Paging
  use: RowUse
  sorting: Sorting
  reorder: boolean
}

/** PagedList shows a page of the list, or all that was loaded so far, with what leads further. */
export function PagedList({ list, size, paging, use, sorting, reorder }: Props) {
  const grows = paging === 'more' || paging === 'infinite'
  const shift = useReorder(reorder)
  const rows = shift.first ? [shift.first, ...list.rows] : list.rows
  const bones = list.loading && (rows.length === 0 || !grows) ? 6 : 0

  return (
    <div
      role="grid"
      aria-label="Members"
      aria-busy={list.loading}
      className={css.Grid}
      data-cy="memberList"
      data-lively={shift.first ? true : undefined}
      onPointerMove={shift.onPointerMove}
    >
      <div role="rowgroup">
        <Head sorting={sorting} />
      </div>
      {list.failed && <Broken text={list.failed} again={list.again} />}
      <div role="rowgroup">
        {bones > 0
          ? Array.from({ length: bones }, (_, i) => <Bones key={i} />)
          : rows.map((m, i) => <Row key={i} member={m} {...use} />)}
        {grows && list.loading && rows.length > 0 && <Bones />}
      </div>
      {!list.loading && !list.failed && rows.length === 0 && <div className={css.Empty}>No members found</div>}
      {paging === 'numbered' && <Numbers list={list} size={size} />}
      {paging === 'next' && <Steps list={list} size={size} />}
      {paging === 'more' && list.more && (
        <div className={css.Foot}>
          <Button data-cy="loadMore" disabled={list.loading} onClick={list.append}>
            Show more
          </Button>
        </div>
      )}
      {paging === 'infinite' && list.more && !list.failed && <Sentinel key={list.rows.length} onSeen={list.append} />}
    </div>
  )
}

/** Sentinel lies below the last row and asks for more when it comes in sight. */
function Sentinel({ onSeen }: { onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null)
  const seen = useRef(onSeen)
  useEffect(() => {
    seen.current = onSeen
  })
  useEffect(() => {
    const el = mark.current
    if (!el) return
    const watch = new IntersectionObserver((all) => all.some((e) => e.isIntersecting) && seen.current(), {
      rootMargin: '200px',
    })
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
  return <div ref={mark} data-cy="listEnd" style={{ height: 1 }} />
}

function Range({ list }: { list: Pages }) {
  if (list.rows.length === 0) return <span className={css.Range} data-cy="memberRange" />
  const of = list.total === null ? '' : ` of ${list.total.toLocaleString('en-US')}`
  return (
    <span className={css.Range} data-cy="memberRange">
      {list.offset + 1}–{list.offset + list.rows.length}
      {of}
    </span>
  )
}

function Steps({ list, size }: { list: Pages; size: number }) {
  return (
    <nav aria-label="Pagination" className={css.Foot} data-cy="pagination">
      <Range list={list} />
      <Button
        data-cy="previousPage"
        disabled={list.loading || list.offset === 0}
        onClick={() => list.show(Math.max(0, list.offset - size))}
      >
        Previous
      </Button>
      <Button
        data-cy="nextPage"
        disabled={list.loading || !list.more}
        onClick={() => list.show(list.offset + list.rows.length)}
      >
        Next
      </Button>
    </nav>
  )
}

function Numbers({ list, size }: { list: Pages; size: number }) {
  const page = Math.floor(list.offset / size) + 1
  const pages = list.total === null ? page + (list.more ? 1 : 0) : Math.max(1, Math.ceil(list.total / size))
  return (
    <nav aria-label="Pagination" className={css.Foot} data-cy="pagination">
      <Range list={list} />
      {near(page, pages).map((p, i) =>
        p === 0 ? (
          <span key={`gap${i}`}>…</span>
        ) : (
          <Button
            key={p}
            className={css.Page}
            aria-label={`Page ${p}`}
            aria-current={p === page ? 'page' : undefined}
            disabled={list.loading}
            onClick={() => list.show((p - 1) * size)}
          >
            {p}
          </Button>
        ),
      )}
    </nav>
  )
}

/** near returns the page numbers to offer: both ends and what is around page; 0 is a gap. */
function near(page: number, pages: number): number[] {
  const out: number[] = []
  for (let p = 1; p <= pages; p++) {
    if (p === 1 || p === pages || Math.abs(p - page) <= 2) out.push(p)
    else if (out[out.length - 1] !== 0) out.push(0)
  }
  return out
}
