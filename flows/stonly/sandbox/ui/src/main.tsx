import { createRoot } from 'react-dom/client'
import './base.css'
import { signInPath, usePath } from './route'
import { Shell } from './Shell'
import { SignIn } from './SignIn'
import { Toasts } from './Toasts'

function App() {
  const path = usePath()
  return <Toasts>{path === signInPath ? <SignIn /> : <Shell path={path} />}</Toasts>
}

const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')
createRoot(root).render(<App />)
