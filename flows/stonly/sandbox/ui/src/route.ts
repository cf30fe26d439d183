import { useSyncExternalStore } from 'react'

// The address bar is the only router this console needs: three kinds of page.

const listeners = new Set<() => void>()

function subscribe(told: () => void): () => void {
  listeners.add(told)
  window.addEventListener('popstate', told)
  return () => {
    listeners.delete(told)
    window.removeEventListener('popstate', told)
  }
}

export function go(path: string, replace = false): void {
  if (replace) window.history.replaceState(null, '', path)
  else window.history.pushState(null, '', path)
  listeners.forEach((told) => told())
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname)
}

export const signInPath = '/authentication'

export function teamPath(team: number, page: string): string {
  return `/app/general/${team}/${page}`
}

/** pageOf returns the last part of a path inside a team, and the team that it names. */
export function pageOf(path: string): { team: number; page: string } | null {
  const parts = /^\/app\/general\/(\d+)(?:\/(.*))?$/.exec(path)
  return parts ? { team: Number(parts[1]), page: parts[2] ?? '' } : null
}
