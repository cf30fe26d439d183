// A router of a few lines: the path, links that push it, and nothing else.
import { useSyncExternalStore } from 'react';

const watchers = new Set();
const tell = () => watchers.forEach((f) => f());
window.addEventListener('popstate', tell);

export function go(path, { replace = false } = {}) {
  window.history[replace ? 'replaceState' : 'pushState'](null, '', path);
  tell();
}

export const usePath = () =>
  useSyncExternalStore(
    (f) => {
      watchers.add(f);
      return () => watchers.delete(f);
    },
    () => window.location.pathname,
  );

export const link = (path) => ({
  href: path,
  onClick: (e) => {
    if (e.metaKey || e.ctrlKey || e.button !== 0) return;
    e.preventDefault();
    go(path);
  },
});
