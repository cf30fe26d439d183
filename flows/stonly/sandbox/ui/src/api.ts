import { flagsNow, readFlags } from './flags'
import { go, signInPath } from './route'
import type { Block, Me, Member } from './types'

// The server's words and ours for the page. A word that is not here is shown as it came.
const roleWords: Record<string, string> = { owner: 'Owner', admin: 'Admin', member: 'Member' }
const stateWords: Record<string, string> = {
  active: 'Active',
  invited: 'Invitation sent',
  invite_expired: 'Invitation expired',
  deactivated: 'Deactivated',
}

/** The token beside the cookie: without it the page does not believe that anybody is signed in. */
const tokenKey = 'stonly.session'

export function signedIn(): boolean {
  return localStorage.getItem(tokenKey) !== null
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

export function codeOf(e: unknown): string {
  return e instanceof ApiError ? e.code : ''
}

export function messageOf(e: unknown): string {
  if (e instanceof ApiError) {
    if (e.code === 'refused' && e.status === 401) return 'Wrong email or password'
    return e.message
  }
  if (e instanceof TypeError) return 'The server cannot be reached'
  return e instanceof Error ? e.message : 'Something went wrong'
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json'
    headers['X-CSRF-Token'] = localStorage.getItem(tokenKey) ?? ''
  }
  const res = await fetch(path, {
    method,
    headers,
    signal,
    credentials: 'same-origin',
    body: method === 'GET' ? undefined : JSON.stringify(body ?? {}),
  })
  const version = res.headers.get('X-Flags-Version')
  if (version && version !== String(flagsNow()?.version)) await readFlags()
  const text = await res.text()
  if (res.ok) return (text ? JSON.parse(text) : {}) as T
  const { code, message } = parseError(text)
  if (res.status === 401 && code === 'signed_out') {
    localStorage.removeItem(tokenKey)
    go(signInPath, true)
  }
  if (res.status === 429) {
    const wait = res.headers.get('Retry-After')
    throw new ApiError(429, code, `Too many requests.${wait ? ` Try again in ${wait} seconds.` : ''}`)
  }
  throw new ApiError(res.status, code, message || `The server answered ${res.status}`)
}

function parseError(text: string): { code: string; message: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } }
    return { code: error?.code ?? '', message: error?.message ?? '' }
  } catch {
    return { code: '', message: '' } // not ours: a proxy's page, or half an answer
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  const out = await ask<{ next: string; csrf?: string }>('POST', '/api/sign-in', { email, password })
  if (out.next !== 'home' || !out.csrf) throw new Error(`This page cannot go on to "${out.next}"`)
  localStorage.setItem(tokenKey, out.csrf)
}

export async function signOut(): Promise<void> {
  try {
    await ask('POST', '/api/sign-out')
  } finally {
    localStorage.removeItem(tokenKey)
    go(signInPath, true)
  }
}

/** An account as the server gives it. */
export interface User {
  id: string
  email: string
  name: string
  roles: string[]
  state: string
  last_active?: string
  /** Words to show in place of the ones that go with the role and the state. */
  role_word?: string
  status_word?: string
}

export async function me(signal?: AbortSignal): Promise<Me> {
  const out = await ask<{ user: User; workspace: string }>('GET', '/api/me', undefined, signal)
  const { team } = (flagsNow() ?? (await readFlags())).app
  const u = member(out.user)
  return {
    id: u.id,
    name: u.name,
    email: u.email,
    role: u.role,
    // Another team has another number.
    team: { id: out.workspace === team.name ? team.id : team.id + 1, name: out.workspace },
  }
}

export interface Query {
  offset: number
  limit: number
  q: string
  sort: string
}

export async function members(query: Query, signal?: AbortSignal): Promise<Block> {
  const params = new URLSearchParams({
    offset: String(query.offset),
    limit: String(query.limit),
    include_deactivated: 'true',
  })
  if (query.q) params.set('q', query.q)
  if (query.sort) params.set('sort', query.sort)
  const out = await ask<{ items: User[]; total?: number; more: boolean }>(
    'GET',
    `/api/users?${params.toString()}`,
    undefined,
    signal,
  )
  return { members: out.items.map(member), total: out.total ?? null, more: out.more }
}

export async function invite(email: string, role: string): Promise<void> {
  await ask('POST', '/api/users', { email, roles: [role] })
}

export async function resend(id: string): Promise<void> {
  await ask('POST', `/api/users/${encodeURIComponent(id)}/reinvite`)
}

export async function deactivate(id: string): Promise<void> {
  await ask('POST', `/api/users/${encodeURIComponent(id)}/deactivate`)
}

export async function changeRole(id: string, role: string): Promise<void> {
  await ask('POST', `/api/users/${encodeURIComponent(id)}/roles`, { roles: [role] })
}

export function member(u: User): Member {
  const role = u.roles[0] ?? ''
  return {
    id: u.id,
    email: u.email,
    name: u.name,
    role: u.role_word ?? roleWords[role] ?? role,
    state: u.state,
    status: u.status_word ?? stateWords[u.state] ?? u.state,
    lastActivity: ago(u.last_active),
  }
}

function ago(at?: string): string {
  const then = at ? Date.parse(at) : NaN
  if (Number.isNaN(then) || then <= 0) return '–'
  const days = Math.floor((Date.now() - then) / 86_400_000)
  if (days < 1) return 'Today'
  if (days === 1) return 'Yesterday'
  return days < 31 ? `${days} days ago` : new Date(then).toISOString().slice(0, 10)
}
