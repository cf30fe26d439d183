export type Paging = 'numbered' | 'next' | 'more' | 'infinite' | 'virtual'

/** A member as the page shows it: role and status are words for people. */
export interface Member {
  id: string
  email: string
  name: string
  role: string
  status: string
  state: string
  lastActivity: string
}

export interface Me {
  id: string
  name: string
  email: string
  role: string
  team: { id: number; name: string }
}

export interface Block {
  members: Member[]
  /** null where the server does not say how many there are. */
  total: number | null
  /** Whether there is anything behind this block. */
  more: boolean
}

export const roles = [
  { id: 'admin', word: 'Admin' },
  { id: 'member', word: 'Member' },
]
