// Package audit reads what directory audit records hold inside their values: lists of credentials, redirect URIs,
// permissions and consents, written as JSON in strings or as text that only looks like it.
//
// What is read here was chosen by whoever made the change: a display name may hold brackets and commas, a list may be cut
// off. So every reader takes any text, finds modified properties by name and never by position, and compares lists by the
// ids of their entries, because their order changes between the old value and the new one.
package audit
