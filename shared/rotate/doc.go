// Package rotate plans and journals the rotation of what a compromised principal could get at, in the mission's order:
// tier 1 what it read, tier 2 the rest of the vaults that it read from, tier 3 the rest of the subscriptions that it
// reached. It decides; who carries a step out is the executor.
//
// Words: a Target is one thing that is rotated as a whole: a pair of keys of one provider, a client secret, a value that
// Rekey owns, a certificate. Its Copies are the secrets in vaults that hold it; all of them change with it. A Kind says
// which rotator does it, and so which Steps there are (step.go holds their contracts). An Item is a Target and how far it is.
//
// What holds:
//
//   - The same facts give the same Plan. A Plan has a hash per tier, and each tier an approval and a cap of its own; tiers 2
//     and 3 never run by themselves.
//   - A tier is begun when the one before has ended: all done or parked with a reason, or 30 minutes are over. What is
//     left of an ended tier goes on, and comes first.
//   - Nothing is rotated twice unless it was read again (Journal.Again). Tier 1 takes in what turns out to have been read until the
//     vaults' logs are whole up to the moment the principal's access was cut (Journal.Close).
//   - A tag is what somebody wrote, maybe the intruder. Before anything changes, the stored value is proven to be the provider's
//     current key; only copies that hold it are written to. A value is never in the Plan, the journal or an error.
//   - What cannot be rotated safely ends as "owner action needed" with the text for its owner, never as a broken secret.
package rotate
