import * as Menu from '@radix-ui/react-dropdown-menu'
import { useEffect, useState } from 'react'
import * as api from './api'
import menu from './Menu.module.css'
import { go, pageOf, signInPath, teamPath } from './route'
import css from './Shell.module.css'
import { Team } from './Team'
import type { Me } from './types'

/** Shell is the frame of every page of a signed-in person. */
export function Shell({ path }: { path: string }) {
  const [me, setMe] = useState<Me | null>(null)
  const [failed, setFailed] = useState('')
  const at = pageOf(path)

  useEffect(() => {
    if (!api.signedIn()) {
      go(signInPath, true)
      return
    }
    const gone = new AbortController()
    api
      .me(gone.signal)
      .then(setMe)
      .catch((e: unknown) => {
        if (!gone.signal.aborted) setFailed(api.messageOf(e))
      })
    return () => gone.abort()
  }, [])

  useEffect(() => {
    // An address of no page, or of another team, leads home, as it does when one is sent a link
    // to a team that one is not in.
    if (me && (!at || at.team !== me.team.id)) go(teamPath(me.team.id, 'home'), true)
  }, [me, at])

  if (failed) return <Down text={failed} />
  if (!me || !at) return <div className={css.Loading}>Loading…</div>
  return (
    <>
      <header className={css.Header} data-cy="appHeader">
        <span className={css.Brand}>stonly</span>
        <span className={css.Team} data-cy="teamName">
          {me.team.name}
        </span>
        <UserMenu me={me} />
      </header>
      <main className={css.Main}>
        {at.page === 'teamManagement' && <Team me={me} />}
        {at.page === 'profile' && <Profile me={me} />}
        {at.page !== 'teamManagement' && at.page !== 'profile' && <Home me={me} />}
      </main>
    </>
  )
}

function UserMenu({ me }: { me: Me }) {
  const to = (page: string) => () => go(teamPath(me.team.id, page))
  return (
    <Menu.Root>
      <Menu.Trigger asChild>
        <button
          type="button"
          className={css.User}
          data-cy="userMenu"
          data-initials={initials(me.name)}
        >
          {me.name}
        </button>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className={menu.Content} align="end" sideOffset={6} data-cy="userMenuContent">
          <div className={menu.Who}>
            <div>{me.name}</div>
            <div className={menu.Address} data-cy="userEmail">
              {me.email}
            </div>
          </div>
          <Menu.Item className={menu.Item} onSelect={to('profile')}>
            My profile
          </Menu.Item>
          <Menu.Item className={menu.Item} onSelect={to('teamManagement')}>
            Team Management
          </Menu.Item>
          <Menu.Item className={menu.Item} onSelect={() => void api.signOut()}>
            Log out
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Home({ me }: { me: Me }) {
  return (
    <>
      <h1>Knowledge base</h1>
      <div className={css.Tiles}>
        {['Guides', 'Widgets', 'AI & Automation'].map((t) => (
          <section key={t} className={css.Tile}>
            <h2>{t}</h2>
            <p>Nothing here yet in {me.team.name}.</p>
          </section>
        ))}
      </div>
    </>
  )
}

function Profile({ me }: { me: Me }) {
  return (
    <>
      <h1>My profile</h1>
      <dl className={css.Facts} data-cy="profileCard">
        <dt>Name</dt>
        <dd>{me.name}</dd>
        <dt>Email</dt>
        <dd>{me.email}</dd>
        <dt>Role</dt>
        <dd>{me.role}</dd>
      </dl>
    </>
  )
}

/** Down is what is left of a page when the first question to the server was not answered. */
function Down({ text }: { text: string }) {
  return (
    <main className={css.Loading} role="alert" data-cy="pageError">
      <h1>Something went wrong</h1>
      <p>{text}</p>
    </main>
  )
}

export function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((p) => p.charAt(0).toUpperCase())
    .join('')
}
