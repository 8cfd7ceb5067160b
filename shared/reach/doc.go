// Package reach says how far a compromised principal got: which vaults, secrets and keys it read, which it could have
// read with the rights it had, and which it could have given itself. It is what a rotation is planned from.
//
// It is a pure function of what was read elsewhere (Facts): the index of its reads (package exposure), its roles, the
// access policies, and which vaults' logs arrive. Its types mirror what Azure Resource Manager says without knowing the client.
//
// Words: an Answer is yes, no or unknown, and unknown never becomes no. "Read" is no only where the vault's log arrived
// all through the window and the index lost nothing. "Could" is no only where all rights were read. A Way is one right that
// leads to a secret. A right with a condition counts as could, because a condition is text that others write and
// Rekey does not evaluate; what a deny assignment takes away counts, too, because it may go at any time. Both are said.
//
// A vault goes by roles or by access policies, never by both: what the other model says gives nothing until somebody
// switches the vault, and whoever may write the vault may do that.
//
// Limits: roles that the principal would have to activate first are only seen if they were listed (Rights.Eligible). What
// it could do to groups, applications or people of the directory, and become by that, is not looked at.
package reach
