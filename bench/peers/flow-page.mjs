// What is called inside of the harbour's pages, whichever library calls it: a table as its cells, and when a page is there.
//
// Not here: going from page to page.

// The accounts, each with its key and its cells.
export const readAccounts = () =>
  [...document.querySelectorAll("#accounts-table tbody tr")].map((row) => ({
    key: row.dataset.account,
    cells: [...row.cells].map((cell) => cell.textContent.trim()),
  }));

// One page of an account: its details, its rows, and whether there is another page.
export const readPage = () => ({
  details: [...document.querySelectorAll("#account-details > div")].map((pair) => [...pair.children].map((part) => part.textContent)),
  rows: [...document.querySelectorAll("#transactions-table tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
  range: document.querySelector("#row-range").textContent,
  isLast: document.querySelector("#next-page").disabled,
});

// Whether the rows are others than those of this range, and none are on their way.
export const hasTurned = (range) =>
  document.querySelector("#transactions")?.getAttribute("aria-busy") === "false" &&
  document.querySelector("#row-range").textContent !== range;
