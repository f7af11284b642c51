/** What made a result: written into imported sessions. */
export const SOFTWARE_VERSION = 'REALM Studio 0.1.0';
