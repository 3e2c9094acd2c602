// Runs before the first paint, so that a remembered theme does not flash. A file, because inline scripts are refused.
try {
  const theme = localStorage.getItem('orrery.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden; the automatic theme is fine then.
}
