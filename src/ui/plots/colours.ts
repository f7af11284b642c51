// Colours of the plots: Okabe and Ito's safe set, and the page's own tokens.

export interface PlotColours {
  text: string;
  dim: string;
  grid: string;
  line: string;
  truth: string;
  decoded: string;
  shade: string;
  surface: string;
  /** Lines that stand side by side. */
  set: string[];
}

/** Read from the document, so that they follow the theme. */
export function plotColours(theme: 'light' | 'dark'): PlotColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: token('text'),
    dim: token('dim'),
    grid: token('grid'),
    line: token('line'),
    truth: token('truth'),
    decoded: token('decoded'),
    shade: token('shade'),
    surface: token('surface'),
    set:
      theme === 'dark'
        ? ['#56b4e9', '#e69f00', '#3fc79b', '#cc79a7', '#f0e442', '#c9d3de']
        : ['#0072b2', '#d55e00', '#009e73', '#a8507f', '#8a7400', '#16202c'],
  };
}

export const DECODED_DASH = [6, 4];
