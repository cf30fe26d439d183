import { createRoot } from 'react-dom/client'
import './base.css'
import { usePath } from './route'
import { Shell } from './Shell'
import { SignIn } from './SignIn'
import { Toasts } from './Toasts'

function App() {
  const path = usePath()
  return <Toasts>{path.startsWith('/app') ? <Shell path={path} /> : <SignIn />}</Toasts>
}

const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')
createRoot(root).render(<App />)
