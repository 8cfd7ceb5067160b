// Package policy makes the one kind of Conditional Access policy that Rekey makes: one that blocks service principals
// while they are at risk.
//
// It reads what somebody asked for, chooses whom such a policy can cover, adds whom it must never cover, and tells what
// differs from the policy that exists. It calls nobody.
//
// What Conditional Access covers (learn.microsoft.com/entra/identity/conditional-access/workload-identity): service
// principals of applications that are registered in this tenant for this tenant alone. Managed identities, applications of
// other tenants and those open to other tenants are out of scope, although Identity Protection sees their risk, too. The
// only control is to block. The risk that counts is Microsoft's: a principal that only Rekey suspects is blocked once it
// was confirmed compromised.
package policy
