import { useState } from 'react'
import * as api from './api'
import { Button } from './Button'
import { Choice } from './Choice'
import { Buttons, Modal, Refusal } from './Modal'
import css from './Modal.module.css'
import { useToast } from './Toasts'
import { roles } from './types'

interface Props {
  onClose: () => void
  onDone: () => void
}

export function Invite({ onClose, onDone }: Props) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState('member')
  const [refused, setRefused] = useState('')
  const [busy, setBusy] = useState(false)
  const tell = useToast()

  const send = async () => {
    if (busy) return
    setBusy(true)
    setRefused('')
    try {
      await api.invite(email.trim(), role)
      tell('success', `Invitation sent to ${email.trim()}`)
      onDone()
      onClose()
    } catch (e) {
      setRefused(api.messageOf(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Modal title="Invite member" hook="inviteDialog" onClose={onClose}>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          void send()
        }}
      >
        <Refusal text={refused} hook="inviteError" />
        <label className={css.Field}>
          <span className={css.Label}>Email</span>
          <input
            className={css.Input}
            type="email"
            name="inviteEmail"
            autoComplete="off"
            data-cy="inviteEmail"
            value={email}
            onChange={(e) => setEmail(e.target.value)}
          />
        </label>
        <Choice label="Role" hook="inviteRole" value={role} options={roles} onChange={setRole} />
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={busy || !email.trim()} data-cy="sendInvitation">
            Send invitation
          </Button>
        </Buttons>
      </form>
    </Modal>
  )
}
