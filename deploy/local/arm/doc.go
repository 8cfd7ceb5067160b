// Package arm is Azure Resource Manager on one machine, as far as Rekey uses it: subscriptions, vaults with their access
// policies, role assignments, managed identities, Azure Resource Graph, and the providers whose keys are rotated.
//
// It is strict where Azure is. Each call needs an api-version that its type knows and a token for ARM, and it is authorised
// by the action it needs from the role assignments that this very package holds, wildcards, scopes, groups and deny
// assignments included; that is also what the local key vaults ask before they hand out a secret. Changed rights
// reach the vaults after a lag. What is guessed is marked so at its place.
package arm
