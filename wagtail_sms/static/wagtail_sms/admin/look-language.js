/* The preview follows the tab of the language whose texts are looked at; its own switch stays free. */

document.addEventListener("w-tabs:selected", ({ detail }) => {
  const chosen = document.getElementById("id_look_language");
  const language = detail.current.replace(/^tab-texts-/, "");
  if (!chosen || chosen.value === language) return;
  if (![...chosen.options].some((option) => option.value === language)) return;
  chosen.value = language;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
});
