import * as Menu from '@radix-ui/react-dropdown-menu'
import type { CSSProperties } from 'react'
import { Button } from './Button'
import { struck } from './flags'
import css from './Members.module.css'
import menu from './Menu.module.css'
import { initials } from './Shell'
import type { Member } from './types'

export type Act = 'role' | 'resend' | 'deactivate'

export interface RowUse {
  me: string
  overlay: boolean
  onAct: (act: Act, member: Member) => void
}

interface Props extends RowUse {
  member: Member
  /** Position in the whole list, 1 being the header; only lists that show a window say it. */
  index?: number
  style?: CSSProperties
}

export interface Sorting {
  /** The server's word: "email", or "-email" for the other way round; empty is its own order. */
  by: string
  onSort: (by: string) => void
}

const columns: { title: string; by?: string }[] = [
  { title: 'Name', by: 'name' },
  { title: 'Email', by: 'email' },
  { title: 'Role' },
  { title: 'Status', by: 'state' },
  { title: 'Last activity', by: 'last_active' },
]

export function Head({ index, sorting }: { index?: number; sorting: Sorting }) {
  return (
    <div role="row" aria-rowindex={index} className={`${css.Row} ${css.Head}`} data-cy="memberHead">
      {columns.map(({ title, by }) => {
        const up = by !== undefined && sorting.by === by
        const down = by !== undefined && sorting.by === `-${by}`
        return (
          <div
            key={title}
            role="columnheader"
            aria-sort={up ? 'ascending' : down ? 'descending' : undefined}
            className={css.Cell}
          >
            {by === undefined ? (
              title
            ) : (
              <button
                type="button"
                className={css.Sort}
                data-dir={up ? 'up' : down ? 'down' : undefined}
                onClick={() => sorting.onSort(up ? `-${by}` : by)}
              >
                {title}
              </button>
            )}
          </div>
        )
      })}
      <div role="columnheader" aria-label="Actions" />
    </div>
  )
}

export function Row({ member, index, style, me, overlay, onAct }: Props) {
  return (
    <div
      role="row"
      tabIndex={0}
      aria-rowindex={index}
      className={style ? `${css.Row} ${css.Placed}` : css.Row}
      style={style}
      data-cy="memberRow"
      data-member-id={member.id}
    >
      <div role="gridcell" className={`${css.Cell} ${css.Name}`} data-initials={initials(member.name || member.email)}>
        {member.name}
      </div>
      <div role="gridcell" className={css.Cell}>
        {member.email}
      </div>
      <div role="gridcell" className={css.Cell}>
        {member.role}
      </div>
      <div role="gridcell" className={css.Cell}>
        <span className={css.Status} data-state={member.state}>
          {member.status}
        </span>
      </div>
      <div role="gridcell" className={css.Cell}>
        {member.lastActivity}
      </div>
      <div role="gridcell" className={css.ActionCell} data-cy="memberActionCell">
        <Actions member={member} me={me} overlay={overlay} onAct={onAct} />
        {overlay && <Cover />}
      </div>
    </div>
  )
}

function Actions({ member, me, overlay, onAct }: RowUse & { member: Member }) {
  const owner = member.role === 'Owner'
  const own = member.id === me
  const gone = member.state === 'deactivated'
  const invited = member.state === 'invited' || member.state === 'invite_expired'
  const act = (what: Act) => () => onAct(what, member)
  return (
    <Menu.Root>
      <Menu.Trigger asChild>
        <Button look="icon" className={css.More} aria-label="More actions" data-cy="memberActions">
          <svg width="16" height="16" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
            <circle cx="3" cy="8" r="1.5" />
            <circle cx="8" cy="8" r="1.5" />
            <circle cx="13" cy="8" r="1.5" />
          </svg>
        </Button>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className={menu.Content} align="end" data-cy="memberMenu">
          <Menu.Item className={menu.Item} disabled={owner || own || gone} onSelect={act('role')}>
            Change role
          </Menu.Item>
          {invited && (
            <Menu.Item className={menu.Item} onSelect={act('resend')}>
              Resend invitation
            </Menu.Item>
          )}
          {!owner && !gone && (
            <Menu.Item className={`${menu.Item} ${menu.Danger}`} disabled={own} onSelect={act('deactivate')}>
              Deactivate member
            </Menu.Item>
          )}
          {overlay && <Cover />}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

/** Cover lies over what would act, is not to be seen, and keeps every click to itself. */
function Cover() {
  return <div className={css.Cover} onPointerDown={() => void struck('overlay')} onClick={(e) => e.stopPropagation()} />
}

/** Bones is the row of a member that has not come yet. */
export function Bones({ index, style }: { index?: number; style?: CSSProperties }) {
  return (
    <div
      role="row"
      aria-busy="true"
      aria-rowindex={index}
      className={style ? `${css.Row} ${css.Placed}` : css.Row}
      style={style}
      data-cy="memberRowSkeleton"
    >
      {columns.map((c, i) => (
        <div key={c.title} role="gridcell" className={css.Bone} style={{ width: `${70 - i * 8}%` }} />
      ))}
    </div>
  )
}
