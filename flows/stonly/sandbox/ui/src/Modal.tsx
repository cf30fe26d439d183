import * as Dialog from '@radix-ui/react-dialog'
import type { ReactNode } from 'react'
import css from './Modal.module.css'

interface Props {
  title: string
  /** alert is for questions that must be answered before anything else: role=alertdialog. */
  alert?: boolean
  hook: string
  text?: ReactNode
  onClose: () => void
  children: ReactNode
}

export function Modal({ title, alert = false, hook, text, onClose, children }: Props) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={css.Shade} />
        <Dialog.Content
          className={css.Content}
          role={alert ? 'alertdialog' : 'dialog'}
          data-cy={hook}
          {...(text ? {} : { 'aria-describedby': undefined })}
        >
          <Dialog.Title className={css.Title}>{title}</Dialog.Title>
          {text && <Dialog.Description className={css.Text}>{text}</Dialog.Description>}
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

export function Refusal({ text, hook }: { text: string; hook: string }) {
  if (!text) return null
  return (
    <p role="alert" className={css.Refusal} data-cy={hook}>
      {text}
    </p>
  )
}

export function Buttons({ children }: { children: ReactNode }) {
  return <div className={css.Buttons}>{children}</div>
}
