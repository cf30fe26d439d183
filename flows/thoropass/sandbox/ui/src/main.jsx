import { createRoot } from 'react-dom/client';
import { CssBaseline, ThemeProvider, createTheme } from '@mui/material';
import { getFlags, loadFlags } from './api.js';
import { SignIn } from './signin.jsx';
import { Shell } from './shell.jsx';
import { Toasts } from './toast.jsx';

const theme = createTheme({
  palette: { primary: { main: '#4a3aff' }, background: { default: '#f6f7fb' } },
  typography: { fontFamily: 'Inter, Roboto, "Helvetica Neue", Arial, sans-serif', button: { textTransform: 'none' } },
  shape: { borderRadius: 8 },
});

function App() {
  return (
    <ThemeProvider theme={theme}>
      <CssBaseline />
      <Toasts>{getFlags().site === 'login' ? <SignIn /> : <Shell />}</Toasts>
    </ThemeProvider>
  );
}

await loadFlags();
createRoot(document.getElementById('root')).render(<App />);
