/* The build writes in front: const FILES = {language: {toast, popup}}; "*" is the site's first. Keep under 0.5 KB gzip.
   What the boot module asks for, done by the module that has the texts of one language. */

/** In this language if the site speaks it, else in the browser's, else in the site's first. */
function load(name, { lang } = document.documentElement) {
  const spoken = [lang, ...navigator.languages, "*"]
    .map((tag) => tag.toLowerCase())
    .flatMap((tag) => [tag, tag.split("-")[0]])
    .find((tag) => Object.hasOwn(FILES, tag));
  return import(FILES[spoken][name]);
}

export const tell = async (...given) => (await load("toast")).tell(...given);
export const offer = async (...given) => (await load("popup")).offer(...given);
export const enhance = async (form, memory) => (await load("popup", form)).enhance(form, memory);
