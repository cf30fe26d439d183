import { useEffect, useState } from 'react'
import * as api from './api'
import { Button } from './Button'
import { Choice } from './Choice'
import { struck } from './flags'
import { Buttons, Modal, Refusal } from './Modal'
import { useToast } from './Toasts'
import type { Member } from './types'

interface Props {
  member: Member
  /** The dialog first asks what becomes of the member's guides. */
  extraStep: boolean
  onClose: () => void
  onDone: () => void
}

const heirs = [
  { id: 'owner', word: 'Team owner' },
  { id: 'me', word: 'Me' },
]

/** Deactivate asks, and takes the access of the one it names, whoever that is. */
export function Deactivate({ member, extraStep, onClose, onDone }: Props) {
  const [asked, setAsked] = useState(!extraStep)
  const [heir, setHeir] = useState('')
  const [refused, setRefused] = useState('')
  const [busy, setBusy] = useState(false)
  const tell = useToast()
  const who = member.name || member.email

  useEffect(() => {
    if (extraStep) void struck('extra_step')
  }, [extraStep])

  if (!asked) {
    return (
      <Modal
        title="Transfer content"
        hook="transferDialog"
        text="The guides of this member need a new owner before access can be taken away."
        onClose={onClose}
      >
        <Choice label="New owner" hook="transferOwner" value={heir} options={heirs} onChange={setHeir} />
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={!heir} onClick={() => setAsked(true)}>
            Continue
          </Button>
        </Buttons>
      </Modal>
    )
  }

  const confirm = async () => {
    if (busy) return
    setBusy(true)
    setRefused('')
    try {
      await api.deactivate(member.id)
      tell('success', `${who} has been deactivated`)
      onDone()
      onClose()
    } catch (e) {
      setRefused(api.messageOf(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Modal
      alert
      title="Deactivate member"
      hook="deactivateDialog"
      text={`${who} (${member.email}) will lose access to this team.`}
      onClose={onClose}
    >
      <Refusal text={refused} hook="deactivateError" />
      <Buttons>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" disabled={busy} data-cy="confirmDeactivate" onClick={() => void confirm()}>
          Deactivate
        </Button>
      </Buttons>
    </Modal>
  )
}
