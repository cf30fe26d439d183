// The fault "reorder": rows move up by one, in the same turn in which the pointer first comes over
// them, so that what is pressed is not what was pointed at.
import { useEffect, useRef } from 'react';
import { flushSync } from 'react-dom';
import { fault, struck } from './api.js';

export const rotate = (rows) => (rows.length > 1 ? [...rows.slice(1), rows[0]] : rows);

export function useReorder(shift) {
  const latest = useRef(shift);
  useEffect(() => {
    latest.current = shift;
  });
  useEffect(() => {
    let done = false;
    const move = (e) => {
      if (done || !fault('reorder') || !e.target.closest?.('tr[data-id], [role=row][data-id]')) return;
      done = true;
      flushSync(() => latest.current());
      struck('reorder');
    };
    document.addEventListener('pointermove', move, true);
    return () => document.removeEventListener('pointermove', move, true);
  }, []);
}
