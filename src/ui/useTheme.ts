// The theme in force, written to the document and told to the plots.
import { useEffect, useState } from 'react';
import { settingsStore } from './stores/settingsStore';

const DARK = '(prefers-color-scheme: dark)';

/** `light` or `dark`: the person's choice, else the system's, followed as it changes. */
export function useTheme(): 'light' | 'dark' {
  const choice = settingsStore(({ theme }) => theme);
  const [isSystemDark, setSystemDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const query = matchMedia(DARK);
    const follow = () => setSystemDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const theme = choice === 'system' ? (isSystemDark ? 'dark' : 'light') : choice;
  // Before the children draw: the plots read their colours from the document.
  document.documentElement.dataset.theme = theme;
  return theme;
}
