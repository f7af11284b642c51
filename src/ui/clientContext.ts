// Hands the worker's client from the composition root to the components that start actions.
import { createContext, useContext } from 'react';
import type { StudioApi } from '../worker/api';

/** The worker's interface; `connect` is called once, by the composition root. */
export type StudioClient = StudioApi;

export const ClientContext = createContext<StudioClient | undefined>(undefined);

/** @throws when used outside the App */
export function useClient(): StudioClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('[ui] expected a client from App, got none: render inside App');
  return client;
}
