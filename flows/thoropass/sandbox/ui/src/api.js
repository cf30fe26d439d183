// The page's side of the API: one fetch wrapper, and the flags, which are read again whenever an
// answer was made under other ones.
import { useSyncExternalStore } from 'react';

let flags = null;
const watchers = new Set();
const tokenKey = 'thoropass.csrf';

export const getFlags = () => flags;
export const useFlags = () =>
  useSyncExternalStore(
    (f) => {
      watchers.add(f);
      return () => watchers.delete(f);
    },
    () => flags,
  );

export async function loadFlags() {
  const res = await fetch('/api/flags');
  if (!res.ok) throw new Error('flags');
  flags = await res.json();
  watchers.forEach((f) => f());
}

export const fault = (name) => flags?.faults?.[name];

// struck tells the server that a fault of the page took effect.
export const struck = (name) => fetch(`/api/flags/${name}`, { method: 'POST', keepalive: true }).then(loadFlags);

export const token = () => sessionStorage.getItem(tokenKey);
export const keepToken = (csrf) => sessionStorage.setItem(tokenKey, csrf);
export function toSignIn() {
  sessionStorage.removeItem(tokenKey);
  window.location.replace(flags.sign_in_url);
  return new Promise(() => {}); // the page is about to go
}

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const lost = 'Something went wrong. Please try again.';

export async function api(method, path, body, signal) {
  let res;
  try {
    res = await fetch('/api' + path, {
      method,
      signal,
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': token() ?? '' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new ApiError(0, 'network', lost);
  }
  const version = res.headers.get('X-Flags-Version');
  if (version && flags && Number(version) !== flags.version) await loadFlags();
  let data;
  try {
    data = await res.json();
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new ApiError(res.status, 'unreadable', lost);
  }
  if (!res.ok) {
    if (data.error?.code === 'signed_out') return toSignIn();
    throw new ApiError(res.status, data.error?.code, data.error?.message ?? lost);
  }
  return data;
}
