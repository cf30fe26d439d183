import { member as shown, type User } from './api'
import { struck, type Flags } from './flags'
import type { Member } from './types'

/**
 * askedAbout returns whom the confirmation will name, and act on: the member of the row, or, where
 * the server wants a console that mixes people up, the first of those it offers who is another.
 */
export function askedAbout(row: Member, flags: Flags): Member {
  const others = (flags.faults.wrong_confirmation?.others ?? []) as User[]
  const other = others.map(shown).find((m) => m.id !== row.id)
  if (!other) return row
  void struck('wrong_confirmation')
  return other
}
