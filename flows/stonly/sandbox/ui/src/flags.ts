import { useSyncExternalStore } from 'react'
import type { Paging } from './types'

/** What the server wants the page to be like: its paging, its team, and what is to go wrong. */
export interface Flags {
  version: number
  paging: Paging
  pageSize: number
  release: string
  app: { team: { id: number; name: string } }
  faults: Record<string, Record<string, unknown>>
}

let now: Flags | null = null
let reading: Promise<Flags> | null = null
const listeners = new Set<() => void>()

export function flagsNow(): Flags | null {
  return now
}

/** readFlags asks the server; several who ask at once share one answer. */
export function readFlags(): Promise<Flags> {
  reading ??= fetchFlags().finally(() => {
    reading = null
  })
  return reading
}

async function fetchFlags(): Promise<Flags> {
  const res = await fetch('/api/flags', { credentials: 'same-origin' })
  if (!res.ok) throw new Error(`The server answered ${res.status}`)
  const raw = (await res.json()) as {
    version: number
    paging: Paging
    page_size: number
    release?: string
    app_flags: Flags['app']
    faults?: Record<string, Record<string, unknown> | null>
  }
  const faults: Flags['faults'] = {}
  for (const [name, params] of Object.entries(raw.faults ?? {})) faults[name] = params ?? {}
  now = {
    version: raw.version,
    paging: raw.paging,
    pageSize: raw.page_size,
    release: raw.release ?? '',
    app: raw.app_flags,
    faults,
  }
  listeners.forEach((told) => told())
  return now
}

/** struck tells the server that a fault has had its effect on this page. */
export async function struck(fault: string): Promise<void> {
  await fetch(`/api/flags/${fault}`, { method: 'POST', credentials: 'same-origin' })
}

function subscribe(told: () => void): () => void {
  listeners.add(told)
  return () => listeners.delete(told)
}

export function useFlags(): Flags | null {
  return useSyncExternalStore(subscribe, flagsNow)
}
