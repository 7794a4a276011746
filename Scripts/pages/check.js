(() => {
  // The colours behind and of every visible text, as WCAG 2.2 compares them (1.4.3), and what the page lacks.
  const problems = [];
  const channels = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let least = 99;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || element.localName === 'title') continue;
    const style = getComputedStyle(element);
    const colour = channels(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [luminance(colour), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    least = Math.min(least, ratio);
    if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)} of "${node.textContent.trim().slice(0, 40)}"`);
  }
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) problems.push(`the page is ${root.scrollWidth} wide, the display ${innerWidth}`);
  if (root.lang !== 'en') problems.push('no language');
  if (!document.title) problems.push('no title');
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1');
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main');
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) problems.push(`${heading.localName} "${heading.textContent}" follows h${level}`);
    level = next;
  }
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption) problems.push('a table without a caption');
    if (table.querySelector('th:not([scope])')) problems.push('a heading of a table without a scope');
    const scroller = table.closest('.scroll');
    if (!scroller || !scroller.hasAttribute('tabindex')) problems.push('a table that the keyboard cannot scroll');
  }
  for (const svg of document.querySelectorAll('svg')) {
    if (svg.getAttribute('role') !== 'img' || !svg.getAttribute('aria-label')) problems.push('a drawing without words');
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    for (const text of svg.querySelectorAll('text')) {
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 7.5) { problems.push(`text of ${size.toFixed(1)} pixels in a drawing`); break; }
    }
  }
  if (document.querySelector('script, link, img, iframe, object, embed, form, base')) problems.push('an element that may load or run');
  return { problems: [...new Set(problems)], least: Math.round(least * 100) / 100, width: root.scrollWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches, tables: document.querySelectorAll('table').length,
    drawings: document.querySelectorAll('svg').length, paper: getComputedStyle(document.body).backgroundColor };
})()
