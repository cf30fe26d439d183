import { useCallback, useEffect, useRef, useState, type PointerEvent } from 'react'
import { flushSync } from 'react-dom'
import * as api from './api'
import { struck } from './flags'
import type { Member } from './types'

export interface Shifted {
  /** The row that has pushed all others down by one; null while all is as it was. */
  first: Member | null
  onPointerMove: (e: PointerEvent) => void
}

/**
 * useReorder makes the rows move down by one when the pointer comes to the place of a row's button: the list
 * changes after somebody has aimed and before he presses. It happens once each time the server asks
 * for it. The row that comes in on top is one that was not in sight.
 */
export function useReorder(on: boolean): Shifted {
  const [first, setFirst] = useState<Member | null>(null)
  const spare = useRef<Member[]>([])

  useEffect(() => {
    if (!on) return
    const gone = new AbortController()
    // The far end of the list by a sort of its own: seldom what is looked at.
    api
      .members({ offset: 0, limit: 100, q: '', sort: '-email' }, gone.signal)
      .then((b) => {
        spare.current = b.members.filter((m) => m.state === 'active')
      })
      .catch(() => {
        spare.current = [] // the list itself says what is wrong with the server
      })
    return () => gone.abort()
  }, [on])

  const onPointerMove = useCallback(
    (e: PointerEvent) => {
      if (!on || !(e.target instanceof Element) || !e.target.closest('[data-cy="memberActionCell"]')) return
      const next = spare.current.find((m) => !e.currentTarget.querySelector(`[data-member-id="${CSS.escape(m.id)}"]`))
      if (!next) return
      spare.current = []
      flushSync(() => setFirst(next))
      void struck('reorder')
    },
    [on],
  )

  return { first, onPointerMove }
}
