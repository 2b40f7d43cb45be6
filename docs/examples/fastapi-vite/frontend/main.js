const list = document.querySelector("#items");
const note = document.querySelector("#note");

try {
  const reply = await fetch("/api/items");
  if (!reply.ok) throw new Error(`${reply.status} ${reply.statusText}`);
  const { items, served_by } = await reply.json();
  list.replaceChildren(...items.map(row));
  note.textContent = `served by process ${served_by}`;
} catch (error) {
  list.replaceChildren();
  note.textContent = `The backend does not answer: ${error.message}`;
}

function row({ name, price }) {
  const element = document.createElement("li");
  element.textContent = `${name}, ${price.toFixed(2)}`;
  return element;
}
