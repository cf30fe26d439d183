import { Button } from './Button'
import css from './Members.module.css'

/** Broken says that a part of the list did not come, and tries again when it is told to. */
export function Broken({ text, again }: { text: string; again: () => void }) {
  return (
    <div role="alert" className={css.Broken} data-cy="listError">
      <span>Members could not be loaded. {text}</span>
      <Button onClick={again}>Try again</Button>
    </div>
  )
}
