import { createContext, useCallback, useContext, useState } from 'react';
import { Alert, Snackbar } from '@mui/material';

const Toast = createContext(() => {});
export const useToast = () => useContext(Toast);

export function Toasts({ children }) {
  const [toast, setToast] = useState({ open: false, text: '', severity: 'success' });
  const show = useCallback((text, severity = 'success') => setToast({ open: true, text, severity }), []);
  const close = (_, why) => why !== 'clickaway' && setToast((t) => ({ ...t, open: false }));
  return (
    <Toast value={show}>
      {children}
      <Snackbar open={toast.open} autoHideDuration={5000} onClose={close} anchorOrigin={{ vertical: 'bottom', horizontal: 'center' }}>
        <Alert severity={toast.severity} variant="filled" onClose={close} sx={{ width: '100%', overflowWrap: 'anywhere' }}>
          {toast.text}
        </Alert>
      </Snackbar>
    </Toast>
  );
}
