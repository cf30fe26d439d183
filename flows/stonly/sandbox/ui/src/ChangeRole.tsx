import { useState } from 'react'
import * as api from './api'
import { Button } from './Button'
import { Choice } from './Choice'
import { Buttons, Modal, Refusal } from './Modal'
import { useToast } from './Toasts'
import { roles, type Member } from './types'

interface Props {
  member: Member
  onClose: () => void
  onDone: () => void
}

export function ChangeRole({ member, onClose, onDone }: Props) {
  const now = roles.find((r) => r.word === member.role)?.id ?? ''
  const [role, setRole] = useState(now)
  const [refused, setRefused] = useState('')
  const [busy, setBusy] = useState(false)
  const tell = useToast()

  const save = async () => {
    setBusy(true)
    try {
      await api.changeRole(member.id, role)
      tell('success', `Role of ${member.name || member.email} changed`)
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
      title="Change role"
      hook="changeRoleDialog"
      text={`${member.name || member.email} (${member.email})`}
      onClose={onClose}
    >
      <Refusal text={refused} hook="changeRoleError" />
      <Choice label="Role" hook="changeRole" value={role} options={roles} onChange={setRole} />
      <Buttons>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" disabled={busy || role === now} onClick={() => void save()}>
          Save
        </Button>
      </Buttons>
    </Modal>
  )
}
