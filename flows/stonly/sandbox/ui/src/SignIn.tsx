import { useEffect, useState } from 'react'
import * as api from './api'
import { HiddenBanner } from './Banner'
import { Button } from './Button'
import { readFlags, struck, useFlags } from './flags'
import { go, teamPath } from './route'
import css from './SignIn.module.css'

const wrongPassword = 'Wrong email or password'

/** How long the page stands there before there is somebody behind its button. */
const hydration = 350

/**
 * SignIn stands in the page before it works, as pages do that a server has drawn: until the
 * configuration is there and the code has started, the fields are those of a shell, and when the
 * live form takes their place, what was typed into them is gone.
 */
export function SignIn() {
  const flags = useFlags()
  const [live, setLive] = useState(false)
  const [failed, setFailed] = useState('')

  useEffect(() => {
    let wait = 0
    let here = true
    readFlags()
      .then(() => {
        if (here) wait = window.setTimeout(() => setLive(true), hydration)
      })
      .catch((e: unknown) => {
        if (here) setFailed(api.messageOf(e))
      })
    return () => {
      here = false
      clearTimeout(wait)
    }
  }, [])
  const banner = flags?.faults.hidden_error_banner

  return (
    <main className={css.Page}>
      <div className={css.Card} data-cy="signIn">
        <p className={css.Brand}>stonly</p>
        {banner && <HiddenBanner text={String(banner.text ?? wrongPassword)} />}
        {flags && 'captcha' in flags.faults ? (
          <Captcha />
        ) : (
          <>
            <h1 className={css.Title}>Log in to your account</h1>
            {failed && (
              <p role="alert" className={css.Refusal}>
                {failed}
              </p>
            )}
            <Form key={live ? 'live' : 'shell'} live={live} />
          </>
        )}
      </div>
    </main>
  )
}

function Form({ live }: { live: boolean }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [refused, setRefused] = useState('')
  const [busy, setBusy] = useState(false)
  const [challenged, setChallenged] = useState(false)

  const submit = async () => {
    if (!live || busy) return
    setBusy(true)
    setRefused('')
    try {
      await api.signIn(email.trim(), password)
      const me = await api.me()
      go(teamPath(me.team.id, 'home'))
    } catch (e) {
      if (api.codeOf(e) === 'challenge') setChallenged(true)
      else setRefused(api.messageOf(e))
      setPassword('')
    } finally {
      setBusy(false)
    }
  }

  if (challenged) return <Captcha />
  return (
    <form
      noValidate
      data-cy="signInForm"
      onSubmit={(e) => {
        e.preventDefault()
        void submit()
      }}
    >
      {refused && (
        <p role="alert" className={css.Refusal} data-cy="signInError">
          {refused}
        </p>
      )}
      <label className={css.Field}>
        <span className={css.Label}>Email</span>
        <input
          className={css.Input}
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          onChange={(e) => setEmail(e.target.value)}
        />
      </label>
      <label className={css.Field}>
        <span className={css.Label}>Password</span>
        <input
          className={css.Input}
          type="password"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(e) => setPassword(e.target.value)}
        />
      </label>
      <Button look="primary" type="submit" className={css.Login} data-cy="loginButton">
        Login
      </Button>
    </form>
  )
}

function Captcha() {
  const [ticked, setTicked] = useState(false)
  useEffect(() => {
    void struck('captcha')
  }, [])
  return (
    <section data-cy="captcha" aria-labelledby="captcha-title">
      <h1 id="captcha-title" className={css.Title}>
        Verify you are human
      </h1>
      <p>We have noticed unusual activity. Complete the check to go on.</p>
      <label className={css.Box}>
        <input type="checkbox" checked={ticked} onChange={() => setTicked(true)} />
        <span>I am not a robot</span>
      </label>
    </section>
  )
}
