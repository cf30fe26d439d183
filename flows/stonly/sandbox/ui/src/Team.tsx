import { useEffect, useState } from 'react'
import * as api from './api'
import { HiddenBanner } from './Banner'
import { useBlocks } from './blocks'
import { Button } from './Button'
import { ChangeRole } from './ChangeRole'
import { Deactivate } from './Deactivate'
import { useFlags, type Flags } from './flags'
import { Invite } from './Invite'
import css from './Members.module.css'
import { PagedList } from './PagedList'
import { usePages, type Asked } from './pages'
import { askedAbout } from './confusion'
import type { Act, RowUse, Sorting } from './Row'
import { useToast } from './Toasts'
import type { Me, Member } from './types'
import { VirtualList } from './VirtualList'

const typingPause = 300

/** Team is the page on which the team's members are managed. */
export function Team({ me }: { me: Me }) {
  const flags = useFlags()
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  const [sort, setSort] = useState('')
  const [version, setVersion] = useState(0)
  const [total, setTotal] = useState<number | null>(null)
  const [open, setOpen] = useState<{ what: Act | 'invite'; member?: Member } | null>(null)
  const tell = useToast()

  useEffect(() => {
    const wait = setTimeout(() => setQ(typed.trim()), typingPause)
    return () => clearTimeout(wait)
  }, [typed])

  if (!flags) return null
  const changed = () => setVersion((v) => v + 1)
  const close = () => setOpen(null)
  const resend = async (m: Member) => {
    try {
      await api.resend(m.id)
      tell('success', `Invitation sent to ${m.email}`)
      changed()
    } catch (e) {
      tell('error', api.messageOf(e))
    }
  }
  const onAct = (what: Act, m: Member) => {
    if (what === 'resend') void resend(m)
    else setOpen({ what, member: what === 'deactivate' ? askedAbout(m, flags) : m })
  }
  const use: RowUse = { me: me.id, overlay: 'overlay' in flags.faults, onAct }
  const banner = flags.faults.hidden_error_banner
  const shownTotal = 'no_total' in flags.faults ? null : total

  return (
    <section data-cy="teamManagement">
      <h1>Team Management</h1>
      {banner && <HiddenBanner text={String(banner.text ?? 'Something went wrong. Your changes were not saved.')} />}
      <div className={css.Bar}>
        <h2 className={css.Section}>Members</h2>
        {shownTotal !== null && (
          <span className={css.Count} data-cy="memberCount">
            {shownTotal.toLocaleString('en-US')} {shownTotal === 1 ? 'member' : 'members'}
          </span>
        )}
        <input
          type="search"
          className={css.Search}
          aria-label="Search members"
          placeholder="Search by name or email"
          data-cy="memberSearch"
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
        />
        <Button look="primary" data-cy="inviteMember" onClick={() => setOpen({ what: 'invite' })}>
          Invite member
        </Button>
      </div>
      <List
        flags={flags}
        asked={{ q, sort, version }}
        use={use}
        sorting={{ by: sort, onSort: setSort }}
        onTotal={setTotal}
      />
      {open?.what === 'invite' && <Invite onClose={close} onDone={changed} />}
      {open?.what === 'role' && open.member && (
        <ChangeRole member={open.member} onClose={close} onDone={changed} />
      )}
      {open?.what === 'deactivate' && open.member && (
        <Deactivate
          member={open.member}
          extraStep={'extra_step' in flags.faults}
          onClose={close}
          onDone={changed}
        />
      )}
    </section>
  )
}

interface ListProps {
  flags: Flags
  asked: Asked
  use: RowUse
  sorting: Sorting
  onTotal: (total: number | null) => void
}

function List(props: ListProps) {
  return props.flags.paging === 'virtual' ? <InSight {...props} /> : <ByPage {...props} />
}

function InSight({ flags, asked, use, sorting, onTotal }: ListProps) {
  const list = useBlocks(asked)
  useEffect(() => onTotal(list.total), [onTotal, list.total])
  return (
    <VirtualList
      key={`${asked.q}/${asked.sort}`}
      list={list}
      use={use}
      sorting={sorting}
      reorder={'reorder' in flags.faults}
      noTotal={'no_total' in flags.faults}
    />
  )
}

function ByPage({ flags, asked, use, sorting, onTotal }: ListProps) {
  const list = usePages(asked, flags.pageSize)
  useEffect(() => onTotal(list.total), [onTotal, list.total])
  return (
    <PagedList
      key={`${asked.q}/${asked.sort}`}
      list={list}
      size={flags.pageSize}
      paging={flags.paging}
      use={use}
      sorting={sorting}
      reorder={'reorder' in flags.faults}
    />
  )
}
