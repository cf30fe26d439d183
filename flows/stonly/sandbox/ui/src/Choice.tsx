import * as Select from '@radix-ui/react-select'
import { useId } from 'react'
import css from './Choice.module.css'
import modal from './Modal.module.css'

interface Props {
  label: string
  hook: string
  value: string
  options: { id: string; word: string }[]
  onChange: (id: string) => void
}

/** Choice is a drawn drop-down: its options are mounted at the end of the document. */
export function Choice({ label, hook, value, options, onChange }: Props) {
  const id = useId()
  return (
    <div className={modal.Field}>
      <span id={id} className={modal.Label}>
        {label}
      </span>
      <Select.Root value={value} onValueChange={onChange}>
        <Select.Trigger className={css.Trigger} aria-labelledby={id} data-cy={hook}>
          <Select.Value placeholder="Select…" />
          <Select.Icon>▾</Select.Icon>
        </Select.Trigger>
        <Select.Portal>
          <Select.Content className={css.Content} position="popper" sideOffset={4}>
            <Select.Viewport>
              {options.map((o) => (
                <Select.Item key={o.id} value={o.id} className={css.Option}>
                  <Select.ItemText>{o.word}</Select.ItemText>
                </Select.Item>
              ))}
            </Select.Viewport>
          </Select.Content>
        </Select.Portal>
      </Select.Root>
    </div>
  )
}
