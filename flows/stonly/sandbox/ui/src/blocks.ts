import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import * as api from './api'
import type { Asked } from './pages'
import type { Member } from './types'

const size = 50
/** How many rows stand for those of which nobody has said how many they are. */
const promised = 10

export interface Blocks {
  at: (i: number) => Member | undefined
  /** How many rows there are, or are shown until the end is known. */
  count: number
  total: number | null
  loading: boolean
  failed: string
  /** need tells which rows are in sight, so that their blocks are read. */
  need: (first: number, last: number) => void
  again: () => void
}

interface Kept {
  blocks: Map<number, Member[]>
  total: number | null
  /** The row behind the last one, once a block without a successor was read. */
  end: number | null
}

/** useBlocks reads the parts of a long list that are looked at. */
export function useBlocks({ q, sort, version }: Asked): Blocks {
  const [kept, setKept] = useState<Kept>({ blocks: new Map(), total: null, end: null })
  const [failed, setFailed] = useState('')
  const running = useRef(new Map<number, AbortController>())
  const have = useRef(kept.blocks)
  const seen = useRef<[number, number]>([0, size - 1])

  const read = useCallback(
    (b: number) => {
      if (have.current.has(b) || running.current.has(b)) return
      const mine = new AbortController()
      running.current.set(b, mine)
      api
        .members({ offset: b * size, limit: size, q, sort }, mine.signal)
        .then((out) => {
          if (mine.signal.aborted) return
          running.current.delete(b)
          have.current = new Map(have.current).set(b, out.members)
          const blocks = have.current
          const end = b * size + out.members.length
          setKept((was) => ({ blocks, total: out.total, end: out.more ? was.end : end }))
        })
        .catch((e: unknown) => {
          if (mine.signal.aborted) return
          running.current.delete(b)
          setFailed(api.messageOf(e))
        })
    },
    [q, sort],
  )

  useEffect(() => {
    const mine = running.current
    have.current = new Map()
    setFailed('')
    setKept({ blocks: have.current, total: null, end: null })
    read(0)
    return () => {
      mine.forEach((r) => r.abort())
      mine.clear()
    }
  }, [read, version])

  const reach = useMemo(() => {
    let last = -1
    kept.blocks.forEach((_, b) => (last = Math.max(last, b)))
    return (last + 1) * size
  }, [kept.blocks])

  const need = useCallback(
    (first: number, last: number) => {
      seen.current = [first, last]
      if (failed) return
      for (let b = Math.floor(first / size); b <= Math.floor(last / size); b++) read(b)
    },
    [read, failed],
  )

  return {
    at: (i) => kept.blocks.get(Math.floor(i / size))?.[i % size],
    count: kept.total ?? kept.end ?? reach + promised,
    total: kept.total,
    loading: kept.blocks.size === 0 && !failed,
    failed,
    need,
    again: () => {
      setFailed('')
      const [first, last] = seen.current
      for (let b = Math.floor(first / size); b <= Math.floor(last / size); b++) read(b)
    },
  }
}
