// Package report puts what was found into words: for a person at a terminal, for a page to print or pass on, and for
// programs. It renders values and knows nothing of where they come from.
//
// A detection alone must be enough: whoever is handed one reads what happened, the likely cause, what would make it
// harmless, the evidence, and what to do next with commands to paste (Explain). The evidence adds up: the bits that
// are shown are rounded so that their sum is the score that is shown (Shares).
//
// Everything in a detection may have been chosen by an intruder: display names, user agents, ids. For a terminal,
// control and direction characters are replaced; in commands, ids are quoted for the shell and for KQL; the page is
// made by html/template.
package report
