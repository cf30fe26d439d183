import { useEffect } from 'react'
import { struck } from './flags'

/**
 * HiddenBanner is an error that is in the document and on nobody's screen, as consoles keep one
 * ready for the day they need it. Who reads the document instead of the page is fooled by it.
 */
export function HiddenBanner({ text }: { text: string }) {
  useEffect(() => {
    void struck('hidden_error_banner')
  }, [])
  return (
    <div role="alert" data-cy="errorBanner" style={{ display: 'none' }}>
      {text}
    </div>
  )
}
