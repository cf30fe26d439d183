import type { ButtonHTMLAttributes, Ref } from 'react'
import css from './Button.module.css'

type Look = 'primary' | 'danger' | 'plain' | 'icon'

const looks: Record<Look, string> = {
  primary: `${css.Base} ${css.Primary}`,
  danger: `${css.Base} ${css.Danger}`,
  plain: `${css.Base} ${css.Plain}`,
  icon: css.Icon,
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  ref?: Ref<HTMLButtonElement>
}

export function Button({ look = 'plain', className = '', type = 'button', ...rest }: Props) {
  return <button type={type} className={`${looks[look]} ${className}`} {...rest} />
}
