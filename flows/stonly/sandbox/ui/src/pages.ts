import { useCallback, useEffect, useRef, useState } from 'react'
import * as api from './api'
import type { Block, Member } from './types'

export interface Asked {
  q: string
  sort: string
  /** Counts up when something was changed and the list must be read anew. */
  version: number
}

export interface Pages {
  rows: Member[]
  /** Position of the first row in the whole list, from 0. */
  offset: number
  total: number | null
  more: boolean
  loading: boolean
  failed: string
  show: (offset: number) => void
  append: () => void
  again: () => void
}

const empty: Block = { members: [], total: null, more: false }

/** usePages reads a list page by page: in place of the one before, or below it. */
export function usePages({ q, sort, version }: Asked, limit: number): Pages {
  const [from, setFrom] = useState(0)
  const [block, setBlock] = useState<Block>(empty)
  const [loading, setLoading] = useState(true)
  const [failed, setFailed] = useState('')
  const running = useRef<AbortController | null>(null)
  const last = useRef<() => void>(() => undefined)

  const read = useCallback(
    (offset: number, keep: Member[]) => {
      running.current?.abort()
      const mine = new AbortController()
      running.current = mine
      last.current = () => read(offset, keep)
      setLoading(true)
      setFailed('')
      api
        .members({ offset, limit, q, sort }, mine.signal)
        .then((b) => {
          if (mine.signal.aborted) return
          setBlock({ ...b, members: [...keep, ...b.members] })
          setFrom(offset - keep.length)
          setLoading(false)
        })
        .catch((e: unknown) => {
          if (mine.signal.aborted) return
          setFailed(api.messageOf(e))
          setLoading(false)
        })
    },
    [q, sort, limit],
  )

  useEffect(() => {
    read(0, [])
    return () => running.current?.abort()
  }, [read, version])

  return {
    rows: block.members,
    offset: from,
    total: block.total,
    more: block.more,
    loading,
    failed,
    show: (offset) => read(offset, []),
    append: () => {
      if (!loading && block.more) read(from + block.members.length, block.members)
    },
    again: () => last.current(),
  }
}
