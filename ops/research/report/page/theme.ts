const KEY = 'corro-report-theme';
type Theme = 'light' | 'dark';

/** The reader's choice, or what the system prefers. `onChange` is called whenever colours have
 * changed, for what is drawn and not styled. Paper is always light. */
export function startTheme(button: HTMLElement, onChange: () => void): void {
  const root = document.documentElement;
  const preferred = matchMedia('(prefers-color-scheme: dark)');
  const now = (): Theme => {
    const { theme } = root.dataset;
    if (theme === 'light' || theme === 'dark') return theme;
    return preferred.matches ? 'dark' : 'light';
  };
  const show = (): void => {
    const other = now() === 'dark' ? 'light' : 'dark';
    button.textContent = other === 'dark' ? 'Dark' : 'Light';
    button.setAttribute('aria-label', `Switch to ${other} colours`);
    onChange();
  };
  const kept = recall();
  if (kept !== null) root.dataset['theme'] = kept;
  button.addEventListener('click', () => {
    const theme = now() === 'dark' ? 'light' : 'dark';
    root.dataset['theme'] = theme;
    remember(theme);
    show();
  });
  preferred.addEventListener('change', show);
  const printing = { before: root.dataset['theme'] };
  addEventListener('beforeprint', () => {
    printing.before = root.dataset['theme'];
    root.dataset['theme'] = 'light';
    onChange();
  });
  addEventListener('afterprint', () => {
    if (printing.before === undefined) delete root.dataset['theme'];
    else root.dataset['theme'] = printing.before;
    onChange();
  });
  show();
}

/** A file may be opened where nothing can be stored: then the choice lasts as long as the page. */
function recall(): Theme | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : null;
  } catch {
    return null;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Nothing depends on it.
  }
}
