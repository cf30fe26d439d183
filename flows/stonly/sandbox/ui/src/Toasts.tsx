import * as Toast from '@radix-ui/react-toast'
import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react'
import css from './Toasts.module.css'

type Kind = 'success' | 'error'
type Tell = (kind: Kind, text: string) => void

const Teller = createContext<Tell>(() => undefined)

/** useToast returns the way to tell the person something that goes away by itself. */
export function useToast(): Tell {
  return useContext(Teller)
}

export function Toasts({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<{ key: number; kind: Kind; text: string }[]>([])
  const next = useRef(0)
  const tell = useCallback<Tell>((kind, text) => {
    next.current += 1
    const key = next.current
    setShown((all) => [...all.slice(-2), { key, kind, text }])
  }, [])
  return (
    <Teller.Provider value={tell}>
      <Toast.Provider duration={5000} swipeDirection="right">
        {children}
        {shown.map((t) => (
          <Toast.Root
            key={t.key}
            className={t.kind === 'error' ? `${css.Toast} ${css.Error}` : css.Toast}
            data-cy={t.kind === 'error' ? 'errorToast' : 'successToast'}
            onOpenChange={(open) => {
              if (!open) setShown((all) => all.filter((o) => o.key !== t.key))
            }}
          >
            <Toast.Description className={css.Text}>{t.text}</Toast.Description>
            <Toast.Close className={css.Close} aria-label="Dismiss">
              ×
            </Toast.Close>
          </Toast.Root>
        ))}
        <Toast.Viewport className={css.Viewport} />
      </Toast.Provider>
    </Teller.Provider>
  )
}
